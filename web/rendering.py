"""Pages from contexts: one Jinja environment for each language, strict about names that do not exist."""

import hashlib
import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.runtime import ChainableUndefined
from jinja2.visitor import NodeTransformer
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from protocol.text import LocalText
from web import client_texts, formats
from web.assets import Assets
from web.gauge import BODY as URN
from web.gauge import gauge
from web.i18n import LANGUAGES, Language, Text, other, translations
from web.links import Links, in_other_language
from web.pages.common import Site
from web.visitor import FormTokens, is_private, keep_cookies, known_visitor

TEMPLATES: Final = Path(__file__).parent / "templates"
HTMX: Final = "vendor/htmx-4.0.1.min.js"


class PageUndefined(ChainableUndefined):
    """Lenient where the GOV.UK macros need it (keys that a caller left out), an error everywhere else.

    A misspelt attribute of a context would otherwise be an empty place on somebody's ballot page.
    """

    def _refuse(self) -> None:
        # The macros also write JavaScript's word `undefined` where they mean nothing.
        lenient = self._undefined_name in ("caller", "undefined")
        if not isinstance(self._undefined_obj, dict | PageUndefined) and not lenient:
            self._fail_with_undefined_error()

    def __getattr__(self, name: str) -> "PageUndefined":
        if name[:2] == name[-2:] == "__":
            raise AttributeError(name)
        self._refuse()
        return PageUndefined(name=name, obj=self)

    def __getitem__(self, name: str) -> "PageUndefined":  # type: ignore[override]
        self._refuse()
        return PageUndefined(name=name, obj=self)

    def __str__(self) -> str:
        self._refuse()
        return ""

    def __html__(self) -> str:
        self._refuse()
        return ""

    def __bool__(self) -> bool:
        self._refuse()
        return False

    def __iter__(self) -> Any:
        self._refuse()
        return iter(())

    def __len__(self) -> int:
        self._refuse()
        return 0


class CompiledTemplates(BytecodeCache):
    """What this process has compiled: the same for every site, so that a second one need not do it again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Find it, unless the source has changed."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


# Not one for both languages: sentences are translated when a template is compiled.
_COMPILED: Final = {language: CompiledTemplates() for language in LANGUAGES}


class Sentences(NodeTransformer):
    """Puts the translation in the place of every call of gettext that says nothing but a sentence."""

    def __init__(self, gettext: Callable[[str], str]) -> None:
        self._gettext = gettext

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:
        """As newstyle gettext: markup, and a format even without values."""
        self.generic_visit(node)
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"),
                args=[nodes.Const(value=str(said))],
                kwargs=[],
                dyn_args=None,
                dyn_kwargs=None,
            ):
                return nodes.Const(Markup(self._gettext(said)) % {}, lineno=node.lineno)  # noqa: S704 - our sentence
            case _:
                return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Concat:
        """Left as it is: of constants beside each other Jinja forgets which are markup."""
        return node


class OneLanguage(Environment):
    """Templates whose sentences are translated once, and whose globals are those of the environment alone."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Not a chain of two, which every render and every import would walk name by name."""
        return super().make_globals(d) if d else self.globals

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        sentences = Sentences(translations(self.globals["lang"]).gettext)
        return super()._generate(sentences.visit(source), name, filename, defer_init)


@dataclass(frozen=True)
class Renderer:
    """Everything that turns a page context into HTML."""

    site: Site
    assets: Assets
    environments: dict[Language, Environment]

    def html(self, language: Language, template: str, **values: object) -> str:
        """The page as text."""
        return self.environments[language].get_template(template).render(**values)

    def respond(
        self,
        request: Request,
        language: Language,
        template: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The page as the answer to `request`; 304 if the browser already has these very bytes.

        A page that depends on who asks (`web.visitor`) is kept by nobody.
        """
        html = self.html(
            language,
            template,
            csrf=FormTokens(request),
            other_url=in_other_language(request.url.path, request.url.query, language),
            viewer=known_visitor(request),
            **values,
        )
        if is_private(request):
            headers = {**(headers or {}), "Content-Language": language, "Cache-Control": "no-store"}
            private = Response(html, status_code=status, media_type="text/html", headers=headers)
            keep_cookies(request, private)
            return private
        body = html.encode()
        tag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
        sent = {"Cache-Control": "no-cache", "ETag": tag, "Content-Language": language, **(headers or {})}
        if status == 200 and request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=sent)
        return Response(body, status_code=status, media_type="text/html", headers=sent)


def renderer(site: Site, assets: Assets) -> Renderer:
    """Environments for both languages."""
    return Renderer(site, assets, {language: _environment(language, site, assets) for language in LANGUAGES})


def loader() -> BaseLoader:
    """Our templates, and the component macros under the name that they import themselves by."""
    return ChoiceLoader(
        [
            FileSystemLoader(TEMPLATES),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )


def _environment(language: Language, site: Site, assets: Assets) -> Environment:
    environment = OneLanguage(
        loader=loader(),
        auto_reload=False,
        autoescape=True,
        undefined=PageUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        bytecode_cache=_COMPILED[language],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(_filters(language), here=site.local)
    environment.globals.update(
        asset=assets.url,
        gauge=gauge,
        htmx=HTMX,
        lang=language,
        links=Links(language),
        other_lang=other(language),
        passkey_texts=client_texts.translated(client_texts.PASSKEY, language),
        site=site,
        urn=URN,
    )
    return environment


def _filters(language: Language) -> dict[str, Callable[..., Any]]:
    moments: dict[str, Callable[[datetime, Language], str]] = {
        "full": formats.full,
        "day_time": formats.day_time,
        "date": formats.date,
        "short_date": formats.short_date,
        "short_moment": formats.short_moment,
        "month_name": formats.month_name,
    }
    filters: dict[str, Callable[..., Any]] = {
        name: partial(_call, written, language) for name, written in moments.items()
    }
    filters.update(
        number=partial(_call, formats.number, language),
        percent=partial(_call, formats.percent, language),
        place=partial(_call, formats.place, language),
        megabytes=partial(_call, formats.megabytes, language),
        clock=formats.clock,
        groups=formats.groups,
        width=formats.width,
        t=partial(_text, language),
        translated=translations(language).gettext,
        data_block=data_block,
    )
    return filters


def _call(written: Callable[[Any, Language], str], language: Language, value: object) -> str:
    return written(value, language)


def _text(language: Language, text: Text | LocalText) -> str:
    return text.vi if language == "vi" else text.en


def data_block(value: object) -> Markup:
    """JSON for a `<script type="application/json">`: no character in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing in it is markup any more
