"""/login: a token typed into a form becomes a cookie; /logout forgets it."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sdgen.web.security import COOKIE, Rules, signed_in

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
<title>Sign in – sdgen</title></head>
<body>
<header class="top"><span class="brand">sdgen</span></header>
<main id="main">
<h1>Sign in</h1>
{said}
<form method="post" action="/login" class="card sign-in">
<div class="field"><label for="token">Token</label>
<input id="token" type="password" name="token" autocomplete="current-password" required autofocus
 aria-describedby="token-hint">
<span class="aside" id="token-hint">The one that <code>sdgen serve</code> was started with.</span></div>
<div class="actions"><button type="submit" class="first">Sign in</button></div>
</form></main>
</body>
</html>
"""
_SAID = '<div class="notice bad" role="alert">{}</div>'
_WRONG = _SAID.format("That is not the token.")


@router.get("/login")
async def form(request: Request) -> Response:
    rules: Rules = request.app.state.rules
    return HTMLResponse(_PAGE.format(said="")) if rules.token else RedirectResponse("/", 303)


@router.post("/login")
async def sign_in(request: Request) -> Response:
    rules: Rules = request.app.state.rules
    caller = request.client.host if request.client else ""
    # Before the token is looked at: guessing stays slow even where a guess is right.
    wait = rules.failures.wait(caller)
    if wait:
        said = _SAID.format(f"Too many attempts: wait {wait:.0f} s.")
        return HTMLResponse(_PAGE.format(said=said), 429, {"retry-after": str(int(wait) + 1)})
    given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
    if rules.token and rules.is_token(given.strip()):
        return signed_in(rules, request)
    rules.failures.take(caller)
    return HTMLResponse(_PAGE.format(said=_WRONG), 401)


@router.post("/logout")
async def sign_out() -> Response:
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/")
    return response
