"""Keys and URLs: the environment first, else our own file that only the user can read."""

import json
import os
import stat

import pytest

from core.accounts import Accounts
from core.errors import StorageError
from core.providers.base import Provider

SECRET = "a-very-secret-key"


class Demo(Provider):
    id = "demo"
    number = 99
    label = "Demo"
    description = ""
    key_variables = ("DEMO_API_KEY", "OLD_DEMO_KEY")
    url_variable = "DEMO_URL"
    default_url = "https://demo.example/api"
    submit = poll = results = balance = None


def test_without_anything_there_is_no_key_and_the_reason_is_said(tmp_path):
    accounts = Accounts(tmp_path / "keys.json", {})
    assert accounts.account(Demo).key == ""
    assert accounts.account(Demo).base_url == "https://demo.example/api"
    assert "needs a key" in accounts.problem(Demo)


def test_a_stored_key_is_for_the_user_only_and_comes_back(tmp_path):
    file = tmp_path / "deep" / "keys.json"
    os.umask(0)
    try:
        Accounts(file, {}).set_key("demo", f"  {SECRET}\n")
    finally:
        os.umask(0o022)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Accounts(file, {}).key("demo") == SECRET
    assert Accounts(file, {}).key_from(Demo) == "preferences"
    assert [f.name for f in file.parent.iterdir()] == ["keys.json"]


def test_the_environment_comes_first_in_its_order(tmp_path):
    accounts = Accounts(
        tmp_path / "k", {"OLD_DEMO_KEY": "old", "DEMO_URL": "https://other.example"}
    )
    accounts.set_key("demo", SECRET)
    accounts.urls["demo"] = "https://from-preferences.example"
    assert accounts.account(Demo).key == "old"
    assert accounts.account(Demo).base_url == "https://other.example"
    assert accounts.key_from(Demo) == "environment variable OLD_DEMO_KEY"
    accounts = Accounts(tmp_path / "k", {"OLD_DEMO_KEY": "old", "DEMO_API_KEY": "new"})
    assert accounts.account(Demo).key == "new"


def test_an_empty_key_forgets_it(tmp_path):
    accounts = Accounts(tmp_path / "k", {})
    accounts.set_key("demo", SECRET)
    accounts.set_key("demo", "")
    assert json.loads((tmp_path / "k").read_text()) == {}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://demo.example/api", "not https"),
        ("demo.example/api", "no scheme"),
        ("https://user:pass@demo.example", "more than host and path"),
        ("https://demo.example:99999", "not a URL"),
    ],
)
def test_a_bad_url_is_a_sentence(tmp_path, url, words):
    accounts = Accounts(tmp_path / "k", {"DEMO_API_KEY": SECRET})
    accounts.urls["demo"] = url
    problem = accounts.problem(Demo)
    assert words in problem
    assert SECRET not in problem


def test_a_damaged_key_file_is_a_sentence_and_is_kept(tmp_path):
    file = tmp_path / "k"
    file.write_text("{half")
    with pytest.raises(StorageError, match="cannot be read"):
        Accounts(file, {}).key("demo")
    assert file.read_text() == "{half"


def test_a_folder_that_cannot_be_written_keeps_the_old_keys(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StorageError):
        Accounts(in_the_way / "keys.json", {}).set_key("demo", SECRET)


def test_the_key_is_in_no_repr(tmp_path):
    accounts = Accounts(tmp_path / "k", {"DEMO_API_KEY": SECRET})
    assert SECRET not in repr(accounts.account(Demo))
