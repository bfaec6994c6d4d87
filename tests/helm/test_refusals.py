"""Values that cannot work are refused before anything is made, each in one sentence."""

import re

import pytest

from tests.helm.chart import CHART, Object, chart_file, refusal, render

WORKER = {"name": "a", "image": "selenium", "queues": ["high", "default", "low"]}
LOW = {"name": "b", "image": "selenium", "queues": ["low"]}


def mine(*workers: Object) -> Object:
    return {"topology": "mine", "topologies": {"mine": list(workers)}}


REFUSALS: list[tuple[Object, str]] = [
    ({"topology": "four"},
     "topology four is none of those in `topologies`: one, three, two; choose one of them or add"
     " it there."),
    (mine({**WORKER, "queues": ["high", "low"]}),
     "topology mine has no worker for queue default; add default to the queues of one."),
    (mine(WORKER, WORKER), "topology mine has two workers named a; give each a name of its own."),
    (mine({**WORKER, "image": "slim"}),
     "worker a of topology mine consumes queue low, whose tasks need Chrome, on image slim; set"
     " image: selenium or leave the queue out."),
    (mine({"name": "a", "queues": ["high", "default", "low"]}), "need Chrome, on image slim"),
    (mine(WORKER, {**LOW, "queueSlots": {"high": 1}}),
     "worker b of topology mine has queueSlots for queue high, which it does not consume; its"
     " queues are low."),
    (mine({**WORKER, "queueSlots": {"low": 3}}),
     "worker a of topology mine gives queue low 3 slots and has a concurrency of 2; lower the one"
     " or raise the other."),
    (mine({**WORKER, "softShutdownSeconds": 60}),
     "worker a of topology mine has softShutdownSeconds 60, which must be less than"
     " terminationGracePeriodSeconds (60): a run that has to stop goes back to its queue in"
     " between."),
    ({**mine(WORKER), "workerDefaults": {"terminationGracePeriodSeconds": 20}},
     "worker a of topology mine has softShutdownSeconds 20, which must be less than"),
    ({"fullnameOverride": "a" * 41},
     f"{'a' * 41} is longer than 40 characters, and names of pods are made from it; choose a"
     " shorter release name or set fullnameOverride."),
    ({"redis": {"externalUrl": "redis://h:1/0", "existingSecret": "x"}},
     "redis.externalUrl and redis.existingSecret are both set; keep the one that holds the"
     " address."),
    ({"postgres": {"externalUrl": "postgresql://h/d", "existingSecret": "x"}},
     "postgres.externalUrl and postgres.existingSecret are both set; keep the one that holds the"
     " address."),
    ({"secrets": {"existingSecret": "x", "flowerBasicAuth": "a:b"}},
     "secrets.existingSecret and secrets.flowerBasicAuth are both set; put flowerBasicAuth into"
     " that Secret as flower-basic-auth."),
    ({"whatsapp": {"phoneNumberId": "1"}},
     "whatsapp.phoneNumberId is set and its token is not; set secrets.whatsappAccessToken, or"
     " secrets.existingSecret with the key whatsapp-access-token."),
    ({"mail": {"from": "a@b.example"}},
     "mail.from is set and the mail server is not; set secrets.smtpUrl, or secrets.existingSecret"
     " with the key smtp-url."),
    ({"ingress": {"enabled": True}},
     "ingress.enabled needs a host name; for example ingress.hosts={api.empresa.cl}."),
    ({"httpRoute": {"enabled": True}},
     "httpRoute.enabled needs a Gateway; for example httpRoute.parentRefs[0].name=public."),
]  # fmt: skip


@pytest.mark.parametrize(("values", "sentence"), REFUSALS)
def test_a_combination_that_cannot_work_is_refused_in_a_sentence(
    values: Object, sentence: str
) -> None:
    said = refusal(values).partition("Use --debug")[0].strip()

    assert sentence in said
    assert said.endswith("."), said
    assert "\n" not in said


def test_every_refusal_of_the_templates_is_in_the_table() -> None:
    text = "".join(file.read_text() for file in (CHART / "templates").rglob("*.*"))
    formats = re.findall(r'fail \(?(?:printf )?"((?:[^"\\]|\\.)+)"', text)
    said = [refusal(values) for values, _ in REFUSALS]

    assert len(formats) == text.count("fail (") + text.count('fail "')
    for one in formats:
        pattern = re.sub("%[sd]", ".+", re.escape(one))
        assert any(re.search(pattern, sentence) for sentence in said), one


def test_a_release_name_that_is_too_long_is_refused_too() -> None:
    assert "is longer than 40 characters" in refusal({}, release="a" * 40)
    assert render({"fullnameOverride": "short"}, release="a" * 50)


@pytest.mark.parametrize(
    "values",
    [
        {"secrets": {"existingSecret": "ours"}, "whatsapp": {"phoneNumberId": "1"}},
        {"secrets": {"existingSecret": "ours"}, "mail": {"from": "a@b.example"}},
        {"secrets": {"smtpUrl": "smtp://h:25"}, "mail": {"from": "a@b.example"}},
        {"demo": {"enabled": True}, "mail": {"from": "a@b.example"}},
        mine({**WORKER, "replicas": 0}),
    ],
)
def test_what_looks_alike_and_can_work_is_not_refused(values: Object) -> None:
    assert render(values)


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ({**WORKER, "queues": ["urgent"]},
         'topologies.mine.0.queues.0 must be one of the following: "high", "default", "low"'),
        ({**WORKER, "queues": []}, "topologies.mine.0.queues: Array must have at least 1 items"),
        ({**WORKER, "queues": ["low", "low"]}, "topologies.mine.0.queues: array items[0,1] must"),
        ({**WORKER, "name": "Has-Capitals"}, "topologies.mine.0.name: Does not match pattern"),
        ({**WORKER, "name": "a" * 21}, "topologies.mine.0.name: Does not match pattern"),
        ({**WORKER, "image": "full"},
         'topologies.mine.0.image must be one of the following: "slim", "selenium"'),
        ({**WORKER, "concurrency": 0},
         "topologies.mine.0.concurrency: Must be greater than or equal to 1"),
        ({**WORKER, "replicas": -1},
         "topologies.mine.0.replicas: Must be greater than or equal to 0"),
        ({**WORKER, "queueSlots": {"high": 0}},
         "topologies.mine.0.queueSlots.high: Must be greater than or equal to 1"),
        ({**WORKER, "queueSlots": {"urgent": 1}}, "topologies.mine.0.queueSlots"),
        ({"queues": ["high"]}, "topologies.mine.0: name is required"),
        ({"name": "a"}, "topologies.mine.0: queues is required"),
        ({**WORKER, "shmSize": "512 MB"}, "topologies.mine.0.shmSize: Does not match pattern"),
    ],
)  # fmt: skip
def test_a_worker_that_cannot_be_is_refused_by_its_place_and_what_is_allowed(
    listed: Object, sentence: str
) -> None:
    assert sentence in refusal(mine(listed))


def test_a_worker_s_name_fits_where_the_entrypoint_and_kubernetes_take_it() -> None:
    pattern = chart_file("values.schema.json")["$defs"]["worker"]["properties"]["name"]["pattern"]

    assert re.fullmatch(pattern, "a" * 20)
    assert render(mine({**WORKER, "name": "a" * 20}), release="fiscal" + "b" * 34)


def test_a_wrong_topology_on_the_command_line_creates_nothing() -> None:
    assert "Error: execution error at" in refusal({}, "topology=four")
    assert "topology: Invalid type. Expected: string, given: integer" in refusal({}, "topology=2")
