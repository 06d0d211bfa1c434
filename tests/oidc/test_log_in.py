"""People log in, connect an account and log out by a provider of OpenID Connect."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.models import Identity
from config.oidc.groups import grants_of
from labeling.models import BrowserSession, Membership, User
from tests import make

# Here, while no provider is named: the addresses of all other tests are made without one.
from tests.oidc import urls
from tests.oidc.provider import (
    CLIENT,
    SECRET,
    Provider,
    options_for,
    query_of,
    serving,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(urls.__name__)]
ADA = {"sub": "17", "preferred_username": "Ada", "email": "ada@example.org"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving(Provider(claims=dict(ADA))) as provider:
        yield provider


@pytest.fixture(autouse=True)
def options(provider: Provider, settings: Settings) -> Any:
    """Set the site up as its environment would."""

    def set_up(**changes: Any) -> None:
        settings.OIDC = options_for(provider, **changes)

    set_up()
    return set_up


def there(client: Client, path: str = "/login/oidc/") -> str:
    """Go to the provider; return where it sends the person back to."""
    answer = client.get(path)
    assert answer.status_code == 302, answer.content
    target = urlsplit(answer["Location"])
    link = http.client.HTTPConnection(str(target.netloc), timeout=10)
    try:
        link.request("GET", f"{target.path}?{target.query}")
        return link.getresponse().headers["Location"] or ""
    finally:
        link.close()


def back(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    assert parts.path == "/login/oidc/back/"
    return client.get(f"{parts.path}?{parts.query}")


def log_in(client: Client, path: str = "/login/oidc/") -> Any:
    return back(client, there(client, path))


def who(client: Client) -> str:
    account = BrowserSession.objects.filter(
        session_key=client.session.session_key
    ).values_list("account__username", flat=True)
    return str(account.first() or "")


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_first_log_in_makes_an_account_and_the_next_one_finds_it(
    provider: Provider,
) -> None:
    first, second = Client(), Client()
    provider.claims["email_verified"] = True

    assert log_in(first)["Location"] == "/"
    provider.claims["preferred_username"] = "ada.renamed"
    log_in(second)

    user = User.objects.get()
    assert (who(first), who(second)) == ("Ada", "Ada")
    assert (user.email, user.has_usable_password()) == ("ada@example.org", False)
    assert not user.is_staff
    assert not user.may_create_projects
    assert first.get("/account/").status_code == 200


def test_an_address_that_the_provider_has_not_verified_is_not_kept() -> None:
    log_in(Client())

    assert User.objects.get().email == ""


def test_one_comes_to_the_page_that_one_wanted_and_to_no_other_site() -> None:
    assert (
        log_in(Client(), "/login/oidc/?next=/projects/new/")["Location"]
        == "/projects/new/"
    )
    assert (
        log_in(Client(), "/login/oidc/?next=https://evil.example/")["Location"] == "/"
    )


def test_the_pages_offer_it_and_keep_their_policy() -> None:
    page = Client().get("/login/?next=/account/")

    assert 'href="/login/oidc/?next=/account/"' in words(page)
    assert "Log in with Example ID" in words(page)
    assert "form-action 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["ada", "ADA", "Аda", "ａｄａ"])
def test_an_account_of_the_same_name_is_not_taken_over(
    provider: Provider, name: str
) -> None:
    make.user("ada")
    provider.claims["preferred_username"] = name
    client = Client()

    answer = log_in(client)

    assert answer.status_code == 409
    assert "connect it on the page Account" in words(answer)
    assert (who(client), Identity.objects.count()) == ("", 0)


@pytest.mark.parametrize("name", ["", "..", "a b/c", 7, None, "a\x00"])
def test_what_can_be_no_name_here_is_refused_in_words(
    provider: Provider, name: object
) -> None:
    provider.claims["preferred_username"] = name

    answer = log_in(Client())

    assert answer.status_code in (400, 403)
    assert not User.objects.exists()


def connected(client: Client, password: str = "pw") -> Any:
    asked = client.post("/account/connect/", {"before": password})
    return log_in(client) if asked.status_code == 200 else asked


def test_who_proves_both_connects_an_account_that_exists(provider: Provider) -> None:
    user = make.user("ada")
    client = Client()
    client.force_login(user)

    answer = connected(client)
    other = Client()
    log_in(other)

    assert answer["Location"] == "/account/"
    assert (who(other), User.objects.count()) == ("ada", 1)
    assert "This account is connected." in words(client.get("/account/"))


def test_without_the_password_nothing_is_connected() -> None:
    client = Client()
    client.force_login(make.user("ada"))

    assert connected(client, "wrong").status_code == 400
    assert log_in(client).status_code == 409
    assert not Identity.objects.exists()


def test_a_person_has_one_account_and_an_account_one_person(
    provider: Provider,
) -> None:
    first, second = Client(), Client()
    first.force_login(make.user("one"))
    second.force_login(make.user("two"))
    connected(first)

    taken = connected(second)
    provider.claims["sub"] = "18"
    twice = connected(first)

    assert (taken.status_code, twice.status_code) == (409, 409)
    assert Identity.objects.get().user.username == "one"


def test_a_deactivated_account_stays_out() -> None:
    log_in(Client())
    User.objects.update(is_active=False)
    client = Client()

    answer = log_in(client)

    assert answer.status_code == 403
    assert "deactivated" in words(answer)
    assert who(client) == ""


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"forged": {"iss": "https://evil.example"}},
    "made for another site": {"forged": {"aud": "other"}},
    "made for another site, through us": {"forged": {"aud": "other", "azp": CLIENT}},
    "over": {"forged": {"exp": 1}},
    "without an end": {"forged": {"exp": None}},
    "of another log-in": {"forged": {"nonce": "x"}},
    "of no log-in": {"forged": {"nonce": None}},
    "of nobody": {"forged": {"sub": None}},
    "signed by nobody": {"published": Provider().key},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_for_this_log_in_lets_nobody_in(
    provider: Provider, lie: str
) -> None:
    for name, value in LIES[lie].items():
        setattr(provider, name, value)
    client = Client()

    answer = log_in(client)

    assert answer.status_code in (403, 503)
    assert "Example ID" in words(answer)
    assert who(client) == ""
    assert not User.objects.exists()


def test_a_secret_that_both_know_signs_nothing(provider: Provider) -> None:
    from joserfc.jwk import OctKey

    provider.published = provider.key
    provider.key, provider.algorithm = (
        OctKey.import_key(SECRET, {"kid": "one"}),
        "HS256",
    )
    client = Client()

    assert log_in(client).status_code == 403
    assert who(client) == ""


def test_new_keys_of_the_provider_are_asked_for(provider: Provider) -> None:
    log_in(Client())
    provider.key = type(provider.key).generate_key(2048, {"kid": "two", "use": "sig"})
    client = Client()

    log_in(client)

    assert who(client) == "Ada"


def test_a_log_in_that_began_elsewhere_ends_nowhere() -> None:
    address = there(Client())
    victim = Client()

    answer = back(victim, address)

    assert answer.status_code == 400
    assert "began in another browser" in words(answer)
    assert who(victim) == ""


def test_a_code_is_good_once() -> None:
    client = Client()
    address = there(client)
    back(client, address)
    client.post("/logout/")

    assert back(client, address).status_code == 400
    assert who(client) == ""


def test_a_code_that_somebody_else_has_got_is_worth_nothing(
    provider: Provider,
) -> None:
    stolen = query_of(there(Client()))["code"]
    thief = Client()
    state = query_of(there(thief))["state"]

    answer = thief.get("/login/oidc/back/", {"code": stolen, "state": state})

    assert answer.status_code == 403
    assert who(thief) == ""


def test_a_refusal_of_the_provider_is_told_in_words(provider: Provider) -> None:
    provider.refuses = "access_denied"

    answer = log_in(Client())

    assert answer.status_code == 403
    assert "Example ID did not let you in" in words(answer)
    assert "You said no." in words(answer)


def test_a_provider_that_does_not_answer_is_told_in_words(options: Any) -> None:
    options(issuer="http://127.0.0.1:9/realm")

    answer = Client().get("/login/oidc/")

    assert answer.status_code == 503
    assert "log in with a password" in words(answer)


def test_a_provider_of_another_name_is_not_believed(provider: Provider) -> None:
    provider.metadata["issuer"] = "https://evil.example"

    assert Client().get("/login/oidc/").status_code == 503


def test_what_the_token_leaves_out_is_asked_for(
    provider: Provider, options: Any
) -> None:
    options(grants=tuple(grants_of(["leads=creator"])))
    provider.claims["groups"] = ["leads"]
    provider.forged = {"preferred_username": None, "groups": None}

    client = Client()
    log_in(client)

    assert who(client) == "Ada"
    assert User.objects.get().may_create_projects


def test_only_who_is_in_a_group_that_may_gets_in(
    provider: Provider, options: Any
) -> None:
    options(required_groups=frozenset({"labelers"}))
    client = Client()

    answer = log_in(client)
    provider.claims["groups"] = ["labelers"]
    log_in(client)

    assert answer.status_code == 403
    assert "in none of the groups" in words(answer)
    assert who(client) == "Ada"


def test_groups_give_roles_and_take_back_what_they_gave(
    provider: Provider, options: Any
) -> None:
    project = make.project()
    slug = project.slug
    words_ = [f"experts=expert@{slug}", f"all=annotator@{slug}", "leads=creator"]
    options(grants=tuple(grants_of([*words_, "all=annotator@nowhere"])))

    def role_with(*groups: str) -> tuple[str | None, bool]:
        provider.claims["groups"] = list(groups)
        log_in(Client())
        user = User.objects.get(username="Ada")
        member = Membership.objects.filter(user=user).first()
        return member.role if member else None, user.may_create_projects

    assert role_with("all", "experts", "leads") == ("expert", True)
    assert role_with("all") == ("annotator", False)
    assert role_with() == (None, False)
    make.member(project, "engineer", who=User.objects.get(username="Ada"))
    User.objects.filter(username="Ada").update(may_create_projects=True)
    # What people gave stays, also with and after a group that gives less.
    assert role_with("all", "leads") == ("engineer", True)
    assert role_with() == ("engineer", True)


def test_the_last_manager_of_a_project_stays_one(
    provider: Provider, options: Any
) -> None:
    project = make.project()
    boss = make.manager_of(project).user
    options(grants=tuple(grants_of([f"leads=manager@{project.slug}"])))
    provider.claims["groups"] = ["leads"]
    log_in(Client())
    make.leave(project, boss)
    provider.claims["groups"] = []

    log_in(Client())

    assert make.manager_of(project).user.username == "Ada"


def test_a_log_out_shows_the_way_to_log_out_there(provider: Provider) -> None:
    client = Client()
    log_in(client)

    page = client.post("/logout/")

    assert page.status_code == 200
    address = re.search(r'href="([^"]*/realm/logout\?[^"]*)"', words(page))
    assert address is not None
    asked = query_of(address[1].replace("&amp;", "&"))
    assert asked["post_logout_redirect_uri"].endswith("/login/")
    assert asked["id_token_hint"].count(".") == 2
    assert client.get("/account/").status_code == 302


def test_who_has_logged_in_by_a_password_logs_out_as_ever() -> None:
    client = Client()
    client.force_login(make.user())

    assert client.post("/logout/")["Location"] == "/login/"


def test_a_log_in_changes_the_name_of_the_session() -> None:
    client = Client()
    address = there(client)
    before = client.session.session_key

    back(client, address)

    assert client.session.session_key != before
    assert not BrowserSession.objects.filter(session_key=before).exists()
