"""No form of a URI shows a password, nor what another program says of it."""

import itertools

import pytest

from ae.redaction import bare, redacted

S = "S3cr3t"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        (f"http://me:{S}@host:5000", "http://host:5000"),
        (f"https://{S}@host/a@b?x=1", "https://host/a@b"),
        (f"http://host?token={S}#{S}", "http://host"),
        (f"http://host/path#{S}", "http://host/path"),
        (f"postgres://u:{S}@h/db", "postgres://h/db"),
        (
            f"postgresql+psycopg2://u:{S}/x@h:5432/db?sslmode=require",
            "postgresql+psycopg2://h:5432/db",
        ),
        (f"mysql://h/db?user=u&password={S}", "mysql://h/db"),
        (f"ftp://u:{S}@h/x", "ftp://h/x"),
        (f"file://u:{S}@h/x", "file://h/x"),
        (f"u:{S}@h/db", "***@h/db"),
        (f"postgres:u:{S}@h/db", "***@h/db"),
        (f"sqlite:///x.db?password={S}", "sqlite:///x.db"),
        (f"sqlite:////home/job@2/x.db?token={S}", "sqlite:////home/job@2/x.db"),
        ("sqlite:////home/job@2/results/mlflow.db", "sqlite:////home/job@2/results/mlflow.db"),
        ("file:///home/job@2/x", "file:///home/job@2/x"),
        ("http://[::1]:5000/a@b", "http://[::1]:5000/a@b"),
        ("http://host:5000/", "http://host:5000/"),
        ("./job@2/runs", "./job@2/runs"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
        ("", ""),
    ],
)
def test_a_uri_is_shown_without_them(uri, shown):
    assert bare(uri) == shown
    assert bare(shown) == shown  # what is kept can be compared


SCHEMES = (
    "http",
    "https",
    "HTTP",
    "ftp",
    "file",
    "postgres",
    "mysql+pymysql",
    "mssql",
    "redis",
    "s3",
)
PASSWORDS = (S, f"{S}/x", f"x?{S}", f"x#{S}", f"x@{S}", f"{S}@x", f"x:{S}", f"8080/{S}", f"%20{S}")


WEB = ("http", "https", "ftp", "file")
PAIRS = [  # on the web 8080/... is a port and a path
    (scheme, password)
    for scheme, password in itertools.product(SCHEMES, PASSWORDS)
    if scheme.lower() not in WEB or not password.startswith("8080")
]


@pytest.mark.parametrize(("scheme", "password"), PAIRS)
def test_no_password_is_shown_wherever_a_parser_may_end_it(scheme, password):
    for rest in ("@h", "@h/db", "@h:1/db?x=y", "@[::1]/db"):
        assert S not in bare(f"{scheme}://user:{password}{rest}")


@pytest.mark.parametrize(
    "message",
    [
        "could not connect to {uri}: refused",
        "('{uri}', timeout=3)",
        'could not translate host name "{password}@h" to address',
        "invalid dsn: host=h user=u password={password} dbname=db",
        "password='{password}' is wrong",
        "no such option: token={password}",
        "headers: {{'Authorization': 'Bearer {password}'}}",
        "Authorization: Basic {password}",
        "login u:{password}@h failed",
        "tried http://a:{password}@b/c?sig={password}, then https://d?X-Amz-Signature={password}&e",
    ],
)
@pytest.mark.parametrize("password", [S, "p%40ss%20word", "abc"])
def test_another_programs_message_has_none(message, password):
    uri = f"postgresql://u:{password}@h/db?connect_timeout=3"
    said = redacted(message.format(uri=uri, password=password), uri)
    assert password not in said.replace("password", "").replace("passw", "")


def test_a_password_that_a_library_has_decoded_is_none_of_its_message():
    uri = "postgresql://u:p%40ss%20word@h/db"
    assert redacted("FATAL: p@ss word does not fit", uri) == "FATAL: *** does not fit"


@pytest.mark.parametrize(
    "text",
    [
        "MLflow at http://host:5000: Connection refused; run `ae sync` when it is back",
        "sqlite:////home/job@2/x.db: disk I/O error",
        "data set 'mnist': it is 12:30 at user@host",
        "expected http://HOST:PORT",
        "run k=40+pca: 3 of 4 tokens",
    ],
)
def test_a_message_without_secrets_stays_as_it_is(text):
    assert redacted(text, "http://host:5000", "sqlite:////home/job@2/x.db") == text
