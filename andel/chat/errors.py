# SPDX-License-Identifier: MPL-2.0
"""What went wrong, in one line that says what to do. A key is in none of them, even where a server repeats it."""

import ssl

import httpx
import openai

LONGEST = 300
"""Characters shown of what a server said."""


def told(error: openai.OpenAIError | httpx.HTTPError, key: str) -> str:
    """One line for an error of the client."""
    match error:
        case openai.APIStatusError():
            line = _status(error)
        case openai.APITimeoutError() | httpx.TimeoutException():
            line = "no answer in time; check the address, or whether the model is loading"
        case openai.APIConnectionError() | httpx.HTTPError():
            line = _connection(error)
        case openai.APIError():
            line = f"the answer broke off ({error.message}); try again"
        case _:
            line = str(error)
    return shown(line.replace(key, "<key>") if key else line)


def shown(text: str) -> str:
    """Text on one line that steers no terminal."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Text without what would steer a terminal; lines and tabs stay. Models and servers write what they like."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _status(error: openai.APIStatusError) -> str:
    code, said = error.status_code, _said(error)
    match code:
        case 401:
            return f"401: the key is not valid ({said}); check it, or have a new one made"
        case 403:
            return f"403: the key is valid and may not do this ({said}); ask the platform's operations"
        case 404:
            return f"404: {said}; `andel chat URL` without --model lists what this key may use"
        case 413:
            return f"413: the request is too long ({said}); shorten it"
        case 429 | 503:
            what = "a limit is reached" if code == 429 else "no model answers now"
            return f"{code}: {what} ({said}); {_again(error.response.headers.get('retry-after'))}"
        case _:
            return f"{code}: {said}"


def _said(error: openai.APIStatusError) -> str:
    """The server's own words: of an error in OpenAI's form its message, else the beginning of what it sent."""
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or error.response.text or error.response.reason_phrase)[:LONGEST]


def _again(seconds: str | None) -> str:
    return f"try again in {seconds} s" if seconds and seconds.isdigit() else "try again later"


def _connection(error: Exception) -> str:
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE_VERIFY" in str(causes):
        return "the server's certificate is not trusted; name its authority with --ca FILE, or mend the address"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "no TLS could be agreed on; check address and port"
    return f"no connection ({causes[-1]}); check the address, and whether this machine may reach it"
