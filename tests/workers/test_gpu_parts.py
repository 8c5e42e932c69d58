"""The GPU process's parts without torch, server or Django: configuration, the patient client, the
loop, files with their settings inside."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy
import pytest
from django.conf import settings
from PIL import Image

from jobs.queue import ring
from ourvidz.settings_inside import read_settings
from tests.site import wait_until
from workers.gpu import client, outputs, previews, sources, tasks
from workers.gpu.config import Config, ConfigError
from workers.gpu.device import describe
from workers.gpu.engine import Engine
from workers.gpu.errors import JobError, understood
from workers.gpu.job import Job, Preset, Target
from workers.gpu.loop import Loop
from workers.gpu.state import State
from workers.gpu.thumbhash import thumbhash

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = {"OURVIDZ_URL": "http://site.test/", "OURVIDZ_WORKER_TOKEN": "ovw_x"}
JOB = Job(
    id="1",
    attempt=1,
    preset=Preset("tiny", "sdxl", "starter/image", ""),
    content_type="image",
    prompt="a castle in the snöw ☃",
    negative_prompt="rain",
    parameters={"width": 64, "height": 64, "steps": 2, "guidance": 5.0},
    seed=7,
    lease_seconds=60,
    mime_type="image/png",
    upload=Target("PUT", "/file", {"Content-Type": "image/png"}),
    thumbnail_upload=None,
    settings={"app": "OurVidz"},
)


def test_the_process_needs_neither_django_nor_torch_to_start() -> None:
    code = (
        "import sys, workers.gpu.__main__, workers.gpu.tasks\n"
        "bad = {'django', 'psycopg2', 'torch', 'diffusers', 'accounts', 'jobs', 'ourvidz'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("[]\n", 0), ran.stderr


def test_it_says_what_it_lacks_and_ends() -> None:
    command = [sys.executable, "-m", "workers.gpu"]
    ran = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "Set OURVIDZ_URL to the address" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"OURVIDZ_WORKER_TOKEN": " "}, "OURVIDZ_WORKER_TOKEN"),
        ({"OURVIDZ_QUEUES": "gpu.image,gpu.sound"}, "gpu.sound"),
        ({"OURVIDZ_THREADS": "many"}, "OURVIDZ_THREADS"),
    ],
)
def test_bad_configuration_is_named(more: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Config.from_environment(ENOUGH | more)


def test_configuration_has_defaults() -> None:
    config = Config.from_environment(ENOUGH)
    assert config.url == "http://site.test"
    assert (config.queues, config.presets) == (("gpu.image", "gpu.video"), ())
    assert (config.broker_url, config.device) == ("", "auto")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., client.Client]:
    """Return a function that makes a client whose server gives these answers in turn."""
    monkeypatch.setattr(client, "SHORTEST_PAUSE", 0.01)

    def make(*answers: httpx.Response | Exception) -> client.Client:
        left = list(answers)

        def answer(request: httpx.Request) -> httpx.Response:
            given = left.pop(0)
            if isinstance(given, Exception):
                raise given
            return given

        made = client.Client(Config.from_environment(ENOUGH), State())
        transport = httpx.MockTransport(answer)
        made.server = httpx.Client(transport=transport, base_url="http://site.test")
        made.storage = httpx.Client(transport=transport, base_url="http://site.test")
        return made

    return make


def test_a_claim_is_repeated_while_the_server_is_away(answering: Any) -> None:
    gone, busy = httpx.ConnectError("refused"), httpx.Response(500)
    assert answering(gone, busy, gone, httpx.Response(204)).claim(1) == []


def test_a_refusal_is_not_repeated_and_can_be_read(answering: Any) -> None:
    refused = httpx.Response(401, json={"detail": "This worker token is not known."})
    with pytest.raises(client.ServerError, match="401 This worker token is not known"):
        answering(refused).claim(1)


def test_a_process_that_stops_waits_for_nobody(answering: Any) -> None:
    made = answering(httpx.ConnectError("refused"))
    made.state.stop()
    with pytest.raises(client.ServerError, match="cannot be reached"):
        made.register({})


def test_a_late_callback_is_given_up(answering: Any) -> None:
    assert answering(httpx.Response(409)).callback({"job_id": "1"}, patience=10) == []


def file_of(data: bytes) -> outputs.Output:
    """Some bytes as a file to upload."""
    return outputs.Output.of(data, "image/png")


def send(made: client.Client, target: Target = JOB.upload) -> None:
    """Upload a small file."""
    file = file_of(b"picture")
    made.upload(target, file.file, file.mime_type, file.sha256)


def test_an_upload_that_arrives_changed_is_sent_again(answering: Any) -> None:
    wrong = httpx.Response(201, json={"sha256": "0" * 64})
    right = httpx.Response(201, json={"sha256": file_of(b"picture").sha256})
    send(answering(wrong, right))


def test_the_checksum_of_an_object_store_is_checked(answering: Any) -> None:
    wrong = httpx.Response(200, headers={"ETag": '"' + "0" * 32 + '"'})
    right = httpx.Response(200, headers={"ETag": '"5456fc54c74a297ce994998c2873b370"'})
    multipart = httpx.Response(200, headers={"ETag": '"00000000000000000000000000000000-2"'})
    with pytest.raises(IndexError):  # sent again, and there is no second answer
        send(answering(wrong))
    send(answering(wrong, right))
    send(answering(multipart))


def test_a_refused_upload_is_a_job_that_may_be_tried_again(answering: Any) -> None:
    with pytest.raises(JobError) as caught:
        send(answering(httpx.Response(403, json={"detail": "too late"})))
    assert caught.value.as_dict() == {
        "code": "storage_refused",
        "params": {"status": 403},
        "retryable": True,
    }


def test_an_upload_goes_to_the_second_place_when_the_first_refuses(answering: Any) -> None:
    target = Target("PUT", "http://away.test/", {}, fallback=JOB.upload)
    send(answering(httpx.Response(403), httpx.Response(201)), target)


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (MemoryError(), "out_of_memory", True),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "out_of_memory", True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out_of_memory", True),
        (ValueError("no"), "engine_error", True),
        (JobError("bad_parameters", reason="steps: 0"), "bad_parameters", False),
    ],
)
def test_errors_become_codes(error: Exception, code: str, retryable: bool) -> None:
    found = understood(error)
    assert (found.code, found.retryable) == (code, retryable)


@pytest.mark.parametrize("source", ["starter/none", "/nowhere/x", "./x", "a/b/c", "~/none"])
def test_a_folder_that_is_not_there_is_a_missing_model(source: str) -> None:
    with pytest.raises(JobError) as caught:
        sources.place(Preset("p", "sdxl", source, ""), Path("/nowhere"))
    assert caught.value.code == "model_missing"
    assert caught.value.params == {"model": source.rpartition("/")[2]}


def test_a_hub_id_keeps_its_revision_until_it_is_fetched(tmp_path: Path) -> None:
    place = sources.place(Preset("p", "sdxl", "owner/name", "abc"), tmp_path)
    assert (place.source, place.folder) == ("owner/name", None)
    assert place.options() == {
        "revision": "abc",
        "variant": None,
        "local_files_only": False,
        "use_safetensors": True,
    }
    folder = tmp_path / "owner--name"
    folder.mkdir()
    (folder / "model_index.json").touch()
    (tmp_path / "owner--half.partial").mkdir()
    assert sources.fetched(tmp_path) == ["owner/name"]
    options = {"variant": "fp16"}
    place = sources.place(Preset("p", "sdxl", "owner/name", "abc", options), tmp_path)
    assert (place.source, place.revision, place.variant) == (str(folder), None, "fp16")


@pytest.mark.parametrize("mime_type", ["image/png", "image/webp"])
def test_a_file_carries_its_settings(mime_type: str) -> None:
    image = Image.new("RGB", (64, 64), "teal")
    made = outputs.picture(image, replace(JOB, mime_type=mime_type))
    found = read_settings(made.file)  # type: ignore[arg-type]
    assert found is not None
    assert (found["prompt"], found["seed"], found["app"]) == (JOB.prompt, 7, "OurVidz")
    assert found["parameters"] == JOB.parameters
    assert Image.open(made.file).getpixel((5, 5)) is not None


def test_a_png_has_the_line_that_other_programs_read() -> None:
    made = outputs.picture(Image.new("RGB", (64, 64)), JOB)
    assert Image.open(made.file).info["parameters"] == (
        "a castle in the snöw ☃\nNegative prompt: rain\n"
        "Steps: 2, CFG scale: 5.0, Seed: 7, Size: 64x64, Model: tiny"
    )


def test_another_type_is_refused() -> None:
    with pytest.raises(JobError, match="bad_parameters"):
        outputs.picture(Image.new("RGB", (64, 64)), replace(JOB, mime_type="image/gif"))


def test_a_thumbhash_is_what_other_programs_make() -> None:
    """The expected value comes from the package `thumbhash` of PyPI."""
    noise = numpy.random.RandomState(1).randint(0, 256, (20, 30, 3)).astype(numpy.uint8)
    assert thumbhash(Image.fromarray(noise)) == "4AcCDYKtPs52Jb2uUwebmY9KYoDC"


def test_a_preview_is_a_small_webp_whatever_the_latents_are() -> None:
    noise = numpy.random.default_rng(0).normal(0, 1, (1, 4, 256, 256)).astype(numpy.float32)
    noise[0, 0, 0, 0] = numpy.nan
    data = base64.b64decode(previews.preview(Tensor(noise), previews.SDXL) or "")
    assert 0 < len(data) <= previews.LARGEST
    assert Image.open(io.BytesIO(data)).format == "WEBP"
    assert previews.preview(Tensor(noise[:, :3]), previews.SDXL) is None


class Tensor:
    """As much of a torch tensor as a preview needs."""

    def __init__(self, values: numpy.ndarray) -> None:
        self.values = values

    def __getitem__(self, index: int) -> Tensor:
        return Tensor(self.values[index])

    def float(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> numpy.ndarray:
        return self.values


class Claims:
    """A client that has nothing to give, and counts how often it was asked."""

    waited = waiting = False
    await_jobs = property(lambda self: self.claim)

    def __init__(self) -> None:
        self.count, self.asked = 0, threading.Event()

    def claim(self, most: int) -> list[Job]:
        self.count += 1
        self.asked.set()
        return []


@pytest.fixture
def running() -> Any:
    """A loop on a thread of its own, with its client."""
    claims = Claims()
    config = Config.from_environment(ENOUGH)
    engine = Engine(describe("cpu"), 1, Path("/nowhere"))
    loop = Loop(config, claims, engine, State())  # type: ignore[arg-type]
    thread = threading.Thread(target=loop.run, args=(60,))
    thread.start()
    claims.asked.wait(5)
    yield loop, claims
    loop.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_a_bell_is_answered_by_asking_the_server(running: Any) -> None:
    loop, claims = running
    before = claims.count
    loop.ring()
    assert claims.count > before


def test_many_bells_are_answered_at_once(running: Any) -> None:
    loop, claims = running
    ringers = [threading.Thread(target=loop.ring) for _ in range(20)]
    for ringer in ringers:
        ringer.start()
    for ringer in ringers:
        ringer.join(5)
        assert not ringer.is_alive()
    assert claims.count <= 22


def test_a_bell_after_the_end_does_not_wait(running: Any) -> None:
    loop, _ = running
    loop.stop()
    loop.ended.wait(5)
    loop.ring()


def test_the_servers_doorbell_rings_the_loop(running: Any, empty_redis: None) -> None:
    """The server's message and the worker's broker agree on queue, actor and namespace."""
    loop, claims = running
    where = {"OURVIDZ_BROKER_URL": settings.BROKER_URL, "OURVIDZ_NAMESPACE": settings.NAMESPACE}
    worker = tasks.doorbell(Config.from_environment(ENOUGH | where), loop)
    worker.start()
    try:
        for name in ("gpu.image", "gpu.video"):
            before = claims.count
            ring(name, uuid.uuid4())
            wait_until(lambda seen=before: claims.count > seen, 20, f"{name} rings")  # type: ignore[misc]
    finally:
        loop.stop()
        worker.stop(timeout=5000)
    assert not any(thread.is_alive() for thread in worker.workers)


def claimed(**more: Any) -> dict[str, Any]:
    """A job as a server describes it."""
    target = {"method": "PUT", "url": "/file", "headers": {}}
    preset = {"slug": "tiny", "family": "sdxl", "source": "starter/image", "revision": ""}
    return {
        "id": "1",
        "attempt": 1,
        "preset": preset,
        "content_type": "image",
        "prompt": "a cat",
        "parameters": {},
        "seed": 7,
        "lease_seconds": 60,
        "output": {"mime_type": "image/png", "upload": target, "thumbnail_upload": target},
    } | more


def test_a_claim_brings_one_job_or_several(answering: Any) -> None:
    one, several = {"job": claimed()}, {"jobs": [claimed(), claimed(id="2")]}
    answers = (httpx.Response(200, json=each) for each in (one, several))
    made = answering(*answers, httpx.Response(204))
    assert [[job.id for job in made.claim(4)] for _ in range(3)] == [["1"], ["1", "2"], []]


def test_a_report_may_bring_the_next_jobs(answering: Any) -> None:
    """An older server knows nothing of it, and one that knows may have none."""
    told = {"accepted": True, "reason": ""}
    brings = told | {"job": claimed(), "jobs": [claimed(), claimed(id="2")]}
    answers = (httpx.Response(200, json=each) for each in (brings, told))
    made = answering(*answers)
    found = [made.callback({"job_id": "0"}, patience=1, most=4) for _ in range(2)]
    assert [[job.id for job in jobs] for jobs in found] == [["1", "2"], []]


def test_a_job_may_bring_references_options_and_a_place_for_a_preview() -> None:
    about = {"role": "image", "position": 0, "strength": 0.4, "mime_type": "image/png"}
    about |= {"bytes": 9, "sha256": "0" * 64, "url": "/reference"}
    plain, rich = (
        Job.read(claimed()),
        Job.read(
            claimed(references=[about])
            | {"preset": claimed()["preset"] | {"options": {"scheduler": "lcm"}}}
            | {"output": claimed()["output"] | {"preview_upload": {"method": "PUT", "url": "/p"}}}
        ),
    )
    assert (plain.references, plain.preview_upload, plain.preset.options) == ((), None, {})
    assert (rich.references[0].strength, rich.references[0].url) == (0.4, "/reference")
    assert (rich.preview_upload.url, rich.preset.options) == ("/p", {"scheduler": "lcm"})
