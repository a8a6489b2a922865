"""The shared fixtures give what they promise: empty databases, one to a test, and a browser that renders."""

import psycopg
import pytest
from playwright.sync_api import Page
from sqlalchemy import create_engine, inspect, text

from tests.support.postgres import PostgresServer


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_database(empty_database_url: str, turn: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []  # the second turn sees nothing of the first
        connection.execute(text("CREATE TABLE pebble (colour text)"))
        connection.execute(text("INSERT INTO pebble VALUES ('trắng')"))
        assert connection.execute(text("SELECT colour FROM pebble")).scalar_one() == "trắng"
    engine.dispose()


def test_a_database_is_gone_after_its_test(postgres_server: PostgresServer) -> None:
    with postgres_server.fresh_database() as url:
        plain = url.replace("postgresql+psycopg", "postgresql")
        left_open = psycopg.connect(plain)
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(plain)


@pytest.mark.browser
def test_the_browser_lays_out_a_page(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    page.set_content("<!doctype html><p id=p>Đã bỏ phiếu</p>")
    assert page.inner_text("#p") == "Đã bỏ phiếu"
    assert page.evaluate("document.documentElement.clientWidth") == 320
