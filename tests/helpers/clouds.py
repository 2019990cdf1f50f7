"""Google's and Azure's stores on this machine: an emulator each, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.planned import wait_until
from helpers.runs import REPOSITORY

AZURITE = REPOSITORY / ".venv-azurite" / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "devstoreaccount1"  # of Azurite, with a key that its documentation gives to everybody
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Emulator:
    """A store in a process of its own.

    Attributes:
        profile: the profile of runs with results in such a store.
        address: what ``--default-storage-prefix`` begins with.
    """

    profile: str
    address: str

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = (folder / "emulator.log").open("w")
        self._process = subprocess.Popen(
            [*map(str, self._words())], cwd=folder, stdout=self._log, stderr=self._log, text=True
        )
        wait_until(self._answers, self._process)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _answers(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def environment(self) -> dict[str, str]:
        """What tells a program of this store, and of no other."""
        others = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "AZURE_"))}
        return {**others, **self._variables()}

    def _words(self) -> list[object]:
        raise NotImplementedError

    def _variables(self) -> Mapping[str, str]:
        raise NotImplementedError

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]:
        """{key: bytes} of what is in a bucket."""
        raise NotImplementedError

    def read(self, bucket: str, key: str) -> bytes:
        raise NotImplementedError


class Google(Emulator):
    profile, address = "gcs", "gs://"

    def _words(self) -> list[object]:
        words = ["start", "--host", "127.0.0.1", "--port", self.port, "--in-memory"]
        return [sys.executable, "-m", "gcp_storage_emulator", *words]

    def _variables(self) -> Mapping[str, str]:
        project = {"GOOGLE_CLOUD_PROJECT": "test", "SNAKEMAKE_STORAGE_GCS_PROJECT": "test"}
        return {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{self.port}", **project}

    def _client(self) -> Any:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.storage import Client

        there = {"api_endpoint": f"http://127.0.0.1:{self.port}"}
        return Client(project="test", credentials=AnonymousCredentials(), client_options=there)

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]:
        return {blob.name: blob.size for blob in self._client().list_blobs(bucket, prefix=prefix)}

    def read(self, bucket: str, key: str) -> bytes:
        return bytes(self._client().bucket(bucket).blob(key).download_as_bytes())


class Azure(Emulator):
    profile, address = "azure", "az://"

    def _words(self) -> list[object]:
        return [
            AZURITE,
            "--blobPort",
            self.port,
            "--inMemoryPersistence",
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ]

    @property
    def _connection(self) -> str:
        there = f"BlobEndpoint=http://127.0.0.1:{self.port}/{ACCOUNT}"
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{there}"

    def _variables(self) -> Mapping[str, str]:
        return {"AZURITE_CONNECTION_STRING": self._connection, "SNAKEMAKE_STORAGE_AZURE_ACCOUNT_NAME": ACCOUNT}

    def _container(self, name: str) -> Any:
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient.from_connection_string(self._connection).get_container_client(name)

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]:
        return {blob.name: blob.size for blob in self._container(bucket).list_blobs(name_starts_with=prefix)}

    def read(self, bucket: str, key: str) -> bytes:
        return bytes(self._container(bucket).download_blob(key).readall())
