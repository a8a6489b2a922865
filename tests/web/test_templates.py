"""Templates: what is the same in every render is made once."""

from functools import cache
from typing import Final

import pytest
from jinja2 import meta, nodes

from tests.web.examples import SITE
from web.assets import Assets
from web.rendering import TEMPLATES, renderer

ENVIRONMENTS: Final = renderer(SITE, Assets()).environments


@cache
def tree(name: str) -> nodes.Template:
    return ENVIRONMENTS["en"].parse((TEMPLATES / name).read_text(encoding="utf-8"), name)


def own_imports(name: str) -> list[tuple[str, bool]]:
    """Which of our templates it imports, and whether with context."""
    found: list[nodes.Import | nodes.FromImport] = [
        *tree(name).find_all(nodes.Import),
        *tree(name).find_all(nodes.FromImport),
    ]
    imports = [(each.template, each.with_context) for each in found]
    named = [(file.value, context) for file, context in imports if isinstance(file, nodes.Const)]
    assert len(named) == len(imports)
    return [(file, context) for file, context in named if not file.startswith("govuk_frontend_jinja/")]


def values_of_the_page(name: str) -> set[str]:
    """Names in a template that neither it nor the environment gives, nor a macro takes."""
    # A name set in one branch counts as undeclared behind it.
    set_here = {each.name for each in tree(name).find_all(nodes.Name) if each.ctx == "store"}
    needed = meta.find_undeclared_variables(tree(name)) - set_here
    return needed.union(*(values_of_the_page(file) for file, context in own_imports(name) if context))


def test_only_imports_that_need_values_of_the_page_have_them() -> None:
    """All others are executed once for a process; with context it is once for each render."""
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")]
    imports = [(name, file, context) for name in names for file, context in own_imports(name)]
    assert [each for each in imports if each[2] != bool(values_of_the_page(each[1]))] == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{{ _("Error:") }}', "Lỗi:"),
        ("{% trans %}Error:{% endtrans %}", "Lỗi:"),
        ('{{ _("Error:")[:-1] }}', "Lỗi"),
        ('{{ _("Question %(n)s", n="<") }}', "Câu hỏi &lt;"),
        ('{{ _("<b>100%%</b>") }}', "<b>100%</b>"),
        ('{{ "<" ~ _("<b>") }}', "&lt;<b>"),
        ('{% set said = "Error:" %}{{ _(said) }}', "Lỗi:"),
    ],
)
def test_sentences_are_in_the_language_of_the_page_and_markup_stays(written: str, read: str) -> None:
    assert ENVIRONMENTS["vi"].from_string(written).render() == read
