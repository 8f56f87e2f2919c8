"""Passes artifacts on between client and object store as they come.

MLflow keeps each file on the server's disk first, and sends it on when all of it is there; of a download it asks the
store twice before.
"""

import asyncio
import posixpath
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response, StreamingResponse
from mlflow.exceptions import MlflowException
from mlflow.server import artifact_router as own
from mlflow.store.artifact import artifact_repository_registry as repositories
from mlflow.store.artifact.artifact_repo import ARTIFACT_STREAM_CHUNK_SIZE, StreamUploadMixin
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from mlflow.utils.mime_type_utils import _guess_mime_type
from mlflow.utils.uri import validate_path_is_safe
from starlette.middleware.base import DispatchFunction
from starlette.types import ASGIApp, Receive, Scope, Send

# As boto3's own. A store takes ten thousand, so 80 GB a file.
PART = 8 * 2**20
# Parts on their way to the store while the next one comes: so many are in the memory of an upload, and two more that are
# handed over. One was slower than the way over the disk, and three no faster than two.
AT_ONCE = 2


async def in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytearray]:
    part = bytearray()
    async for chunk in chunks:
        part += chunk
        while len(part) >= PART:
            yield part[:PART]
            del part[:PART]
    yield part


class Upload:
    """An object that comes to the store in parts. It is not there before all of it is."""

    def __init__(self, s3: BaseClient, where: dict[str, str], about: dict[str, str]) -> None:
        made = s3.create_multipart_upload(**where | about)
        self.s3, self.where = s3, where | {"UploadId": made["UploadId"]}

    def send(self, number: int, part: bytearray) -> dict[str, int | str]:
        answer = self.s3.upload_part(**self.where, PartNumber=number, Body=part)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def complete(self, parts: list[dict[str, int | str]]) -> None:
        self.s3.complete_multipart_upload(**self.where, MultipartUpload={"Parts": parts})

    def abort(self) -> None:
        self.s3.abort_multipart_upload(**self.where)


class PassingS3ArtifactRepository(S3ArtifactRepository, StreamUploadMixin):
    """MLflow's own, which also takes what is still on its way."""

    def where(self, *path: str | None) -> dict[str, str]:
        bucket, root = self.parse_s3_compliant_uri(self.artifact_uri)
        return {"Bucket": bucket, "Key": posixpath.join(root, *filter(None, path)), **self._bucket_owner_params}

    def about(self, where: dict[str, str]) -> dict[str, str]:
        """Return what MLflow would say of a file when it brings it to the store: its type, and what an admin chose."""
        said = {}
        listener = SimpleNamespace(upload_file=lambda **words: said.update(words["ExtraArgs"]))
        self._upload_file(listener, where["Key"], where["Bucket"], where["Key"])
        return said

    def log_artifact_from_stream(self, stream, artifact_file_name, artifact_path=None):
        where = self.where(artifact_path, posixpath.basename(artifact_file_name))
        self._get_s3_client().upload_fileobj(stream, where["Bucket"], where["Key"], ExtraArgs=self.about(where))

    async def log_artifact_from_async_stream(self, chunks, artifact_file_name, artifact_path=None):
        where = self.where(artifact_path, posixpath.basename(artifact_file_name))
        about = self.about(where)
        s3 = await asyncio.to_thread(self._get_s3_client)
        parts = in_parts(chunks)
        part = await anext(parts)
        if len(part) < PART:
            await asyncio.to_thread(s3.put_object, **where | about, Body=part)
            return
        upload = await asyncio.to_thread(Upload, s3, where, about)
        sent = []
        try:
            while part:
                sent.append(asyncio.create_task(asyncio.to_thread(upload.send, len(sent) + 1, part)))
                part = await anext(parts, None)  # the next one comes meanwhile
                if len(sent) >= AT_ONCE:
                    await sent[-AT_ONCE]
            await asyncio.to_thread(upload.complete, [await task for task in sent])
        except BaseException:
            await asyncio.wait(sent)
            await asyncio.to_thread(upload.abort)
            raise

    def open(self, artifact_path: str) -> tuple[int, StreamingBody]:
        """Return the size in bytes of what is stored there, and what it holds, to be read."""
        found = self._get_s3_client().get_object(**self.where(artifact_path))
        return found["ContentLength"], found["Body"]


def look_up(artifact_path: str) -> tuple[int, StreamingBody]:
    store = own._get_artifact_repo()
    if not own._is_serving_proxied_artifacts() or not isinstance(store, PassingS3ArtifactRepository):
        raise HTTPException(503)
    return store.open(own._get_workspace_scoped_path(validate_path_is_safe(artifact_path)))


def chunks_of(body: StreamingBody) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(ARTIFACT_STREAM_CHUNK_SIZE)
    finally:
        body.close()


async def download_artifact(artifact_path: str) -> Response:
    try:
        size, body = await asyncio.to_thread(look_up, artifact_path)
    except (BotoCoreError, ClientError, HTTPException, MlflowException):
        return await own.download_artifact(artifact_path)  # it knows how to say what is wrong
    headers = {
        "Content-Length": str(size),
        "Content-Type": _guess_mime_type(artifact_path),
        "Content-Disposition": own._content_disposition(posixpath.basename(artifact_path)),
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(chunks_of(body), headers=headers)


class Around:
    """A middleware of MLflow's around `app`, without what Starlette does around each piece of a request's and answer's body."""

    def __init__(self, app: ASGIApp, dispatch: DispatchFunction) -> None:
        self.app = app
        self.dispatch = dispatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def answer(request: Request) -> Response:
            nonlocal answered
            answered = True
            await self.app(scope, receive, send)
            return Response()  # sent already; nobody looks at it

        refusal = await self.dispatch(Request(scope, receive), answer)
        if not answered:
            await refusal(scope, receive, send)


def application(around: dict[str, DispatchFunction]) -> ASGIApp:
    """Return what serves files, with those of MLflow's middlewares `around` it that decide who may, and where."""
    repositories._artifact_repository_registry.register("s3", PassingS3ArtifactRepository)
    app = FastAPI(openapi_url=None)
    for route in own.artifact_router.routes:
        endpoint = download_artifact if "GET" in route.methods else route.endpoint
        app.add_api_route(route.path, endpoint, methods=list(route.methods))
    return Around(Around(app, around["workspace_context_middleware"]), around["fastapi_permission_middleware"])
