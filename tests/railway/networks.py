"""A private network like Railway's: of both families, as new environments have it, or IPv6 only."""

import secrets

from tests.railway.engine import docker

# Takes the only IPv4 address away before the process starts. Done by a container, so that the
# tests need neither root nor iproute2 (SIOCSIFADDR with 0.0.0.0, see netdevice(7)).
FORGET_IPV4 = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8916, struct.pack("16sH14x", b"eth0", socket.AF_INET))
"""


class Network:
    """Both families as far as the engine has them; names resolve by DNS."""

    arguments: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.name = f"fiscal-railway-{secrets.token_hex(4)}"
        self.containers: list[str] = []
        docker("network", "create", *self.arguments, self.name)

    def run(self, name: str, host: str, *words: str) -> str:
        """Starts a container in the network; returns its full name."""
        container = f"{self.name}-{name}"
        self.containers.append(container)
        docker("run", "-d", "--name", container, *self.joined(container, host), *words)
        return container

    def joined(self, container: str, host: str) -> list[str]:
        """Returns the options that make a container known as <host>.railway.internal."""
        return ["--network", self.name, "--network-alias", f"{host}.railway.internal"]

    def published(self, port: str) -> list[str]:
        """Returns the options that lead a port of this machine's choice to `port`."""
        return ["--publish", f"127.0.0.1::{port}"]

    def address(self, container: str) -> str:
        """Returns the IPv6 address of a container."""
        form = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}"
        return docker("inspect", "--format", form, container)

    def remove(self) -> None:
        """Removes the containers and the network."""
        docker("rm", "--force", "--volumes", *reversed(self.containers))
        docker("network", "rm", self.name)


class IPv6Network(Network):
    """No container of ours has an IPv4 address, and names resolve to IPv6 addresses alone."""

    def __init__(self, image: str) -> None:
        subnet = f"fd{secrets.token_hex(1)}:{secrets.token_hex(2)}:{secrets.token_hex(2)}:1::/64"
        self.arguments = ("--ipv6", "--subnet", subnet)
        self.image = image  # has sleep and python
        self.hosts: dict[str, str] = {}
        super().__init__()

    def joined(self, container: str, host: str) -> list[str]:
        """Makes a holder of the network namespace first, and takes its IPv4 address away."""
        holder = f"{container}-network"
        self.containers.append(holder)
        known = [f"--add-host={name}:{address}" for name, address in self.hosts.items()]
        sleep = ["--entrypoint", "sleep", self.image, "infinity"]
        docker("run", "-d", "--name", holder, *super().joined(container, host), *known, *sleep)
        self.hosts[f"{host}.railway.internal"] = self.address(holder)
        within = ["--network", f"container:{holder}"]
        allowed = ["--user", "0", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN"]
        forget = ["--entrypoint", "python", self.image, "-c", FORGET_IPV4]
        docker("run", "--rm", *within, *allowed, *forget)
        return within

    def published(self, port: str) -> list[str]:
        """Returns none: who asks has to be in the network."""
        return []
