"""As much of a Kubernetes API server as Helm's `lookup` asks for: discovery and objects by name."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.helm.chart import Object, Values, render_afresh

# API group and version -> plural and kind of what the chart looks up there; True: in a namespace.
KINDS = {
    "/api/v1": [("secrets", "Secret", True), ("namespaces", "Namespace", False)],
    "/apis/apps/v1": [("statefulsets", "StatefulSet", True), ("deployments", "Deployment", True)],
    "/apis/networking.k8s.io/v1": [("networkpolicies", "NetworkPolicy", True)],
    "/apis/storage.k8s.io/v1": [("storageclasses", "StorageClass", False)],
}


def answers(objects: Sequence[Object]) -> dict[str, Any]:
    """Returns path -> body of everything that this server knows."""
    known: dict[str, Any] = {"/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.4"}}
    for group, kinds in KINDS.items():
        version = group.removeprefix("/apis/").removeprefix("/api/")
        known[group] = {
            "kind": "APIResourceList",
            "groupVersion": version,
            "resources": [
                {"name": plural, "kind": kind, "namespaced": inside, "verbs": ["get", "list"]}
                for plural, kind, inside in kinds
            ],
        }
        for plural, kind, inside in kinds:
            found = [{"apiVersion": version, **one} for one in objects if one["kind"] == kind]
            known[f"{group}/{plural}"] = {
                "kind": f"{kind}List", "apiVersion": version, "items": found
            }  # fmt: skip
            for one in found:
                place = f"/namespaces/{one['metadata']['namespace']}" if inside else ""
                known[f"{group}{place}/{plural}/{one['metadata']['name']}"] = one
    return known


@contextmanager
def api_server(objects: Sequence[Object]) -> Iterator[str]:
    """Yields the address of a server that holds these objects, read-only."""
    known = answers(objects)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(known.get(path, missing)).encode()
            self.send_response(200 if path in known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: the output belongs to pytest."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def render_in(cluster: Sequence[Object], values: Values, *options: str) -> list[Object]:
    """Returns what Helm would send to a cluster in which these objects are."""
    with api_server(cluster) as address:
        return render_afresh(
            values, "--namespace", "fiscal", "--dry-run=server", "--kube-apiserver", address,
            *options,
        )  # fmt: skip
