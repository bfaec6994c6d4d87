"""Values that cannot work are refused before anything is made, each in one sentence."""

import re

import pytest

from tests.helm.chart import CHART, Object, chart_file, refusal, render

# Numbers of their own: those of values.yaml are compared by tests/topology, and by nothing else.
WORKER = {"name": "a", "image": "selenium", "queues": ["high", "default", "low"], "concurrency": 2,
          "terminationGracePeriodSeconds": 60}  # fmt: skip
VOLUME, MOUNT = {"name": "more", "emptyDir": {}}, {"name": "more", "mountPath": "/more"}
PLAIN = {"name": "a", "image": "selenium", "queues": ["high", "default", "low"]}
FAST = {"name": "c", "queues": ["high", "default"]}
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
     "worker a of topology mine has handOverSeconds 30 and softShutdownSeconds 60, which together"
     " must be less than terminationGracePeriodSeconds (60): a run that has to stop goes back to"
     " its queue in between."),
    ({**mine(PLAIN), "workerDefaults": {"softShutdownSeconds": 20,
                                        "terminationGracePeriodSeconds": 20}},
     "worker a of topology mine has handOverSeconds 30 and softShutdownSeconds 20, which together"),
    (mine({**WORKER, "replicas": 0}),
     "topology mine has only workers with replicas 0 for queue high; raise one, or stop it for a"
     " while by kubectl scale."),
    (mine({**WORKER, "autoscaling": {"enabled": True}}),
     "worker a of topology mine consumes high, for which a copy has to be there, and low, whose"
     " copies may only all go; scale workers of a topology that parts the two."),
    (mine(WORKER, {**LOW, "autoscaling": {"enabled": True, "minReplicas": 1}}),
     "worker b of topology mine consumes queue low and keeps at least 1 copies; to take one of"
     " several away ends a scrape, so it scales down to none only: set autoscaling.minReplicas to"
     " 0."),
    (mine(LOW, {**FAST, "autoscaling": {"enabled": True, "minReplicas": 0}}),
     "worker c of topology mine consumes queue high and may go to no copy at all; people wait for"
     " high: set autoscaling.minReplicas to 1 or more, or leave the queue out."),
    (mine(LOW, {**FAST, "autoscaling": {"enabled": True, "minReplicas": 4}}),
     "worker c of topology mine scales from 4 copies to 3; set autoscaling.minReplicas to no more"
     " than maxReplicas."),
    (mine({**WORKER, "resources": {"limits": {"memory": "512Mi"}}}),
     "worker a of topology mine has shmSize 512Mi, a part of its memory limit, which is 512Mi;"
     " lower the one or raise the other."),
    (mine({**WORKER, "resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}}),
     "worker a requests 2 of cpu and is limited to 1500m; lower the request or raise the limit in"
     " its resources."),
    (mine({**WORKER, "env": {"CELERY_QUEUES": "high"}}),
     "worker a sets the variable CELERY_QUEUES itself, past every check of the chart; set its"
     " queues instead."),
    (mine({**WORKER, "extraVolumes": [{"name": "shm", "emptyDir": {}}]}),
     "worker a has shm among its extraVolumes, a name that the chart's own volume bears; take"
     " another name."),
    (mine({**WORKER, "extraVolumeMounts": [{"name": "tmp", "mountPath": "/dev/shm/"}]}),
     "worker a mounts two volumes at /dev/shm; take another mountPath."),
    ({"api": {"extraVolumes": [VOLUME, VOLUME]}},
     "api has more twice among its extraVolumes; give each a name of its own."),
    ({"api": {"extraVolumes": [VOLUME], "extraVolumeMounts": [MOUNT, MOUNT]}},
     "api mounts two volumes at /more; take another mountPath."),
    ({"beat": {"extraVolumeMounts": [MOUNT]}},
     "beat mounts more, which is none of its volumes; add it to extraVolumes."),
    ({"flower": {"env": {"A": "1"}, "extraEnv": [{"name": "A", "value": "2"}]}},
     "flower sets a variable twice in env and extraEnv (A, A); leave one of the two out."),
    ({"redis": {"maxmemory": "512mb", "resources": {"limits": {"memory": "512Mi"}}}},
     "redis.maxmemory 512mb is not below the memory limit of redis (512Mi), at which it is killed;"
     " half of the limit leaves room for a fork."),
    ({"redis": {"externalUrl": "redis://h:6379/0?ssl=1&family=0"}},
     "redis.externalUrl has the option family, at which the Redis client ends with an error; leave"
     " it out: both families work."),
    ({"postgres": {"externalUrl": "postgresql://u:a,b@one:5432,two:5432/d"}},
     "postgres.externalUrl names several hosts; name one, for example that of a proxy in front of"
     " them."),
    ({"postgres": {"externalUrl": "postgresql://u:p@h:65536/d"}},
     "postgres.externalUrl names port 65536; a port is a number from 1 to 65535."),
    ({"secrets": {"smtpUrl": "smtp://u:p@h:0"}}, "secrets.smtpUrl names port 0; a port is"),
    ({"demo": {"enabled": True}, "postgres": {"existingSecret": "ours"}},
     "demo.enabled fills the database with invented companies, and postgres names one of yours;"
     " leave out the one or the other."),
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
    ({"pdfs": {"store": "s3"}}, "pdfs.store is s3 and pdfs.bucket is empty; set it."),
    ({"pdfs": {"store": "directory"}},
     "pdfs.store is directory and pdfs.directory is empty; set it."),
    ({"secrets": {"pdfAccessKeyId": "AKID"}},
     "secrets.pdfAccessKeyId and secrets.pdfSecretAccessKey go together; set both, or neither."),
    ({"backup": {"schedule": "30 23 * * *"}},
     "backup.schedule 30 23 * * * is between 23:00 and 01:00, where Chile's change of clocks leaves"
     " an hour out or repeats one; take another hour."),
    ({"backup": {"extraVolumes": [{"name": "backups", "emptyDir": {}}]}},
     "backup has backups among its extraVolumes, a name that the chart's own volume bears; take"
     " another name."),
    ({"backup": {"extraVolumeMounts": [{"name": "tmp", "mountPath": "/backups"}]}},
     "backup mounts two volumes at /backups; take another mountPath."),
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
    said = [refusal(values) for values, _ in REFUSALS] + [refusal({}, release="1abc")]

    assert len(formats) == text.count("fail (") + text.count('fail "')
    for one in formats:
        pattern = re.sub("%[sdv]", ".+", re.escape(one))
        assert any(re.search(pattern, sentence) for sentence in said), one


ROLES = (
    "api", "beat", "flower", "metrics", "simulator", "jobs", "backup", "redis", "postgres",
    "worker",
)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("name", "request_", "limit"),
    [("memory", "2Gi", "1Gi"), ("memory", "1025Ki", "1Mi"), ("memory", "2M", "1999k"),
     ("cpu", 2, 1.5), ("cpu", "0.5", "499m"), ("ephemeral-storage", "1Gi", "1G")],
)  # fmt: skip
def test_nothing_may_request_more_than_it_may_have(
    role: str, name: str, request_: object, limit: object
) -> None:
    resources = {"requests": {name: request_}, "limits": {name: limit}}
    if role == "worker":
        values = mine({**WORKER, "shmSize": "1Ki", "resources": resources})
    else:
        values = {role: {"resources": resources}}

    assert f"requests {request_} of {name} and is limited to {limit}; lower" in refusal(values)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL_FILE", "SECRET_KEYS"])
@pytest.mark.parametrize("role", ["api", "beat", "flower", "metrics", "jobs", "backup", "worker"])
def test_no_role_has_a_store_or_a_key_of_its_own(role: str, variable: str) -> None:
    source = {"secretKeyRef": {"name": "a", "key": "b"}}
    options = {"extraEnv": [{"name": variable, "valueFrom": source}]}
    values = mine({**WORKER, **options}) if role == "worker" else {role: options}

    assert f"sets the variable {variable} itself" in refusal(values)


@pytest.mark.parametrize(
    "variable",
    ["CELERY_WORKER_NAME", "CELERY_CONCURRENCY", "CELERY_QUEUE_SLOTS", "CELERY_LOG_LEVEL",
     "CELERY_MAX_TASKS_PER_CHILD", "CELERY_SOFT_SHUTDOWN_SECONDS"],
)  # fmt: skip
def test_a_worker_s_numbers_are_said_where_they_are_checked(variable: str) -> None:
    assert f"sets the variable {variable} itself" in refusal(
        {"workerDefaults": {"env": {variable: "9"}}}
    )


@pytest.mark.parametrize("release", ["1abc", "my.fiscal", "123"])
def test_a_release_name_that_no_service_may_begin_with_is_refused(release: str) -> None:
    said = refusal({}, release=release)

    assert "cannot begin the names of Services, which start with a letter and hold a-z, 0-9" in said
    assert render({"fullnameOverride": "fiscal"}, release=release)


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
        mine({**WORKER, "replicas": 0}, {**WORKER, "name": "b"}),
        mine({**WORKER, "queues": ["high", "default"], "image": "slim", "shmSize": "2Gi"}, LOW),
        mine({**WORKER, "extraVolumes": [VOLUME], "extraVolumeMounts": [MOUNT]}),
        mine({**WORKER, "resources": {"requests": {"cpu": "1", "memory": "1Gi"},
                                      "limits": {"cpu": 1, "memory": "1024Mi"}}}),
        {"beat": {"env": {"CELERY_LOG_LEVEL": "debug"}}},
        {"api": {"extraVolumeMounts": [{"name": "tmp", "mountPath": "/other", "subPath": "a"}]}},
        *({"backup": {"schedule": f"0 {hour} * * *"}} for hour in ("1", "22", "*/6", "0-6", "20")),
        {"redis": {"externalUrl": "rediss://:a,b@h:65535/0"}},
        {"postgres": {"externalUrl": "postgresql://u:p@[fd00::1]/d?options=a:99999/"}},
    ],
)  # fmt: skip
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
