"""Bad environments: one sentence each, exit code 64, nothing started, no secret shown."""

import pytest

from tests.entrypoint.conftest import FERNET_KEY, SECRET
from tests.entrypoint.container import Container, assert_refused

# variable that is left out -> roles that cannot do without it (docs/operations.md)
REQUIRED = {
    "DATABASE_URL": ["api", "worker", "beat", "metrics", "migrate"],
    "REDIS_URL": ["api", "worker", "beat", "flower", "metrics"],
    "SECRET_KEYS": ["api", "worker"],
    "API_KEYS": ["api"],
    "FLOWER_BASIC_AUTH": ["flower"],
    "METRICS_BASIC_AUTH": ["metrics"],
    "CELERY_QUEUES": ["worker"],
    "CELERY_WORKER_NAME": ["worker"],
}
NO_COUNT = [
    "0",
    "-1",
    "+1",
    "00",
    "09",
    "1.5",
    "abc",
    "2x",
    "0x2",
    "1e3",
    " 2",
    "2 ",
    " ",
    "²",
    "9" * 20,
]
NO_PORT = [*NO_COUNT, "65536", "70000", "99999", "100000", "tcp://10.0.0.1:8000", "a[$(id)]"]

WORKER = {
    "CELERY_CONCURRENCY": [*NO_COUNT, "1000"],
    "CELERY_MAX_TASKS_PER_CHILD": [*NO_COUNT, "1000000"],
    "CELERY_LOG_LEVEL": ["verbose", "20", "info,debug", "inf", "infos", " "],
    "CELERY_WORKER_NAME": ["Fast", "fast 1", "fast@%h", "-fast", "fást", "a_b", "f;id", "x" * 64],
    "CELERY_QUEUES": ["hihg", "High", "celery", "high,hihg", "high;default", "high,,default", ","],
    "CELERY_QUEUE_SLOTS": [
        *("high", "high:", ":2", "high=2", "high:0", "high:-1", "high:1.5", "high:02", "high:x"),
        *("high:1:2", "high:2;default:1", "high:2,,default:1", "high:2,default", "high:a[$(id)]"),
    ],
}  # fmt: skip
API = {"PORT": NO_PORT, "WEB_CONCURRENCY": [*NO_COUNT, "1000"]}
SECRETS = {
    "DATABASE_URL": [
        f"postgres://fiscal:{SECRET}@host/fiscal",
        f"mysql://fiscal:{SECRET}@host/fiscal",
        f"postgresql+asyncpg://fiscal:{SECRET}@host/fiscal",
        f"fiscal:{SECRET}@host/fiscal",
        f"postgresql://fiscal:{SECRET}@host/fiscal and more",
        "postgresql://",
    ],
    "REDIS_URL": [
        f"http://:{SECRET}@redis:6379/0",
        f"redis:{SECRET}@redis",
        f"redis://:{SECRET} @redis:6379/0",
        f"redis://:{SECRET}@redis:6379/0?family=0",
        f"redis://:{SECRET}@redis:6379/0?db=1&family=10",
        "rediss://",
    ],
    "SECRET_KEYS": [
        SECRET,
        f"{FERNET_KEY},",
        f"{FERNET_KEY} {FERNET_KEY}",
        f"{FERNET_KEY},{SECRET}",
        "A" * 44,
    ],
}
FLOWER = {
    "PORT": NO_PORT,
    "FLOWER_BASIC_AUTH": [
        *(SECRET, f"ana:{SECRET},", f"ana:{SECRET} ", f":{SECRET}", f"{SECRET}:"),
        *(f"ana:{SECRET}:more", f"ana:{SECRET},eva", f"ana:{SECRET}-ñandú"),
    ],
}  # fmt: skip
METRICS = {"PORT": NO_PORT, "METRICS_BASIC_AUTH": FLOWER["FLOWER_BASIC_AUTH"]}
MALFORMED = [
    (role, name, value)
    for role, values in (
        *(("worker", WORKER), ("worker", SECRETS), ("api", API), ("api", SECRETS)),
        *(("beat", {"CELERY_LOG_LEVEL": ["loud"]}), ("flower", FLOWER)),
        *(("metrics", METRICS), ("simulator", API)),
    )
    for name, bad in values.items()
    for value in bad
    if (role, name) != ("simulator", "WEB_CONCURRENCY")
]


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for name, roles in REQUIRED.items() for role in roles]
)
@pytest.mark.parametrize("value", [None, "", "  "], ids=["unset", "empty", "blank"])
def test_a_required_variable_is_missing(
    slim: Container, complete: dict[str, str], role: str, name: str, value: str | None
) -> None:
    del complete[name]
    given = {} if value is None else {name: value}

    outcome = slim.start(role, **complete | given)

    if name == "CELERY_WORKER_NAME" and value and not value.strip():
        assert_refused(outcome, f"{name} is '{value}'")  # given, and no name
    else:
        assert_refused(outcome, f"{name} is not set, and ", f"set {name}", f"for example {name}=")


@pytest.mark.parametrize(("role", "name", "value"), MALFORMED)
def test_a_malformed_value_is_named_with_what_is_allowed(
    slim: Container, complete: dict[str, str], role: str, name: str, value: str
) -> None:
    outcome = slim.start(role, **complete | {name: value})

    assert_refused(outcome, f"{name} ", "; allowed is ", f", for example {name}=")
    assert SECRET not in outcome.stderr


@pytest.mark.parametrize(
    ("role", "name", "value", "said"),
    [
        ("worker", "CELERY_QUEUES", "hihg", "unknown queue 'hihg'; allowed is high, default, low"),
        ("worker", "CELERY_QUEUES", "high,high", "names 'high' twice"),
        ("worker", "CELERY_QUEUES", "default, high default", "names 'default' twice"),
        ("worker", "CELERY_QUEUES", "low", "names 'low', whose tasks need Chrome"),
        ("worker", "CELERY_QUEUES", "high,low", "use the selenium image"),
        ("worker", "CELERY_CONCURRENCY", "0", "is '0'; allowed is a whole number from 1"),
        ("worker", "CELERY_MAX_TASKS_PER_CHILD", "09", "is '09'; allowed is a whole number"),
        ("worker", "CELERY_LOG_LEVEL", "loud", "is 'loud'; allowed is debug, info, warning"),
        ("worker", "CELERY_QUEUE_SLOTS", "low:1", "names 'low', which this worker does not"),
        (
            "worker",
            "CELERY_QUEUE_SLOTS",
            "high:3",
            "gives high:3, more than CELERY_CONCURRENCY (2)",
        ),
        ("worker", "CELERY_QUEUE_SLOTS", "high:1,high:2", "names 'high' twice"),
        ("api", "PORT", "65536", "PORT is '65536'; allowed is a whole number from 1 to 65535"),
        ("api", "REDIS_URL", "redis://r?family=0", "carries family="),
        ("flower", "FLOWER_BASIC_AUTH", "ana:ñ", "in ASCII"),
    ],
)
def test_the_sentence_says_what_is_wrong(
    slim: Container, complete: dict[str, str], role: str, name: str, value: str, said: str
) -> None:
    assert_refused(slim.start(role, **complete | {name: value}), name, said)


def test_a_line_feed_in_a_value_makes_no_second_sentence(
    slim: Container, complete: dict[str, str]
) -> None:
    complete["CELERY_WORKER_NAME"] = "two\nlines\x1b[2J"

    outcome = slim.start("worker", **complete)

    assert_refused(outcome, r"CELERY_WORKER_NAME is $'two\nlines\E[2J'")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "CELERY_QUEUES is not set"),
        ({"CELERY_QUEUES": "hihg"}, "'hihg'"),
        ({"CELERY_QUEUES": "low"}, "need Chrome"),
        ({"CELERY_CONCURRENCY": "0"}, "CELERY_CONCURRENCY is '0'"),
        ({"CELERY_WORKER_NAME": "Fast"}, "CELERY_WORKER_NAME is 'Fast'"),
    ],
)
def test_a_wrong_value_is_told_before_a_missing_one(
    slim: Container, environment: dict[str, str], said: str
) -> None:
    assert_refused(slim.start("worker", **environment), said)


@pytest.mark.parametrize("missing", ["chromium", "chromedriver"])
def test_half_of_chrome_is_not_enough(
    selenium: Container, complete: dict[str, str], missing: str
) -> None:
    (selenium.path / missing).unlink()

    outcome = selenium.start("worker", **complete | {"CELERY_QUEUES": "low"})

    assert_refused(outcome, "need Chrome")


@pytest.mark.parametrize("words", [(), ("",), ("--help",), ("-c", "id")])
def test_no_role_lists_the_roles(slim: Container, words: tuple[str, ...]) -> None:
    assert_refused(slim.start(*words), "api, worker, beat, flower, metrics, migrate")


@pytest.mark.parametrize("word", ["workr", "metric", "API", "high", "/no/such/file", "api, worker"])
def test_a_word_that_is_neither_role_nor_command_lists_the_roles(
    slim: Container, word: str
) -> None:
    assert_refused(slim.start(word), f"'{word}' is neither a role (api, worker, beat")


@pytest.mark.parametrize(
    "role", ["api", "worker", "beat", "flower", "metrics", "migrate", "simulator"]
)
def test_a_role_takes_no_arguments(slim: Container, complete: dict[str, str], role: str) -> None:
    assert_refused(slim.start(role, "-Q", "low", **complete), f"'{role}'", "'-Q'")


@pytest.mark.parametrize("words", [("secrets",), ("secrets", "a", "b")])
def test_secrets_needs_one_directory(slim: Container, words: tuple[str, ...]) -> None:
    assert_refused(slim.start(*words), "one directory")


def test_the_simulator_is_refused_where_the_image_lacks_it(slim: Container) -> None:
    assert_refused(slim.start("simulator"), "not in this image", "fiscal-simulator:dev")
