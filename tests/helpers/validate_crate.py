"""Validates an RO-Crate without a network, run by the Python of .venv-publish: python validate_crate.py CRATE PROFILE.

The only document that the validator wants from the network is the JSON-LD context of RO-Crate 1.1. That of 1.3 comes
with the package rocrate. Of the terms of a crate, four mean something else there: these get their meaning of 1.1.
"""

import io
import json
import sys
import tempfile
from pathlib import Path

import requests
import rocrate
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


BIOSCHEMAS = "https://bioschemas.org/"
OF_1_1 = {
    "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
    "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
    "input": f"{BIOSCHEMAS}ComputationalWorkflow#input",
    "output": f"{BIOSCHEMAS}ComputationalWorkflow#output",
}


def context() -> bytes:
    """The context of RO-Crate 1.1."""
    known = json.loads((Path(rocrate.__file__).with_name("data") / "ro-crate.jsonld").read_text())
    return json.dumps({"@context": {**known["@context"], **OF_1_1}}).encode()


def main() -> int:
    """Print each issue of the crate, then that all checks were made."""
    crate, profile = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "http"
        keep(cache, CONTEXT, context())
        settings = ValidationSettings(
            rocrate_uri=crate,
            profile_identifier=profile,
            requirement_severity=Severity.RECOMMENDED,
            offline=True,
            cache_path=cache,
        )
        result = services.validate(settings)
    for issue in result.get_issues():
        print(issue.severity.name, issue.check.identifier, issue.message, issue.violatingEntity)
    print("validated")
    return 0


class One(HTTPAdapter):
    """Answers every request with the same text, as a server would."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self._text = text

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        body = io.BytesIO(self._text)
        headers = {"Content-Type": "application/ld+json"}
        url = str(request.url)
        raw = HTTPResponse(body, headers, 200, preload_content=False, request_method="GET", request_url=url)
        return self.build_response(request, raw)


def keep(cache: Path, url: str, text: bytes) -> None:
    """Put a document into the validator's cache of what the network gave."""
    session = CachedSession(cache_name=str(cache), backend="sqlite", expire_after=-1, allowable_methods=("GET",))
    session.mount("https://", One(text))
    session.get(url).raise_for_status()
    session.close()


if __name__ == "__main__":
    sys.exit(main())
