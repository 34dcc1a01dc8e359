"""Debian's docker-registry on loopback, plain or behind TLS and a password, and how images get into it."""
import base64
import contextlib
import http.client
import pathlib
import ssl
import urllib.parse

from machine import Failure, answers, free_port, need, process, run, temporary_folder, wait_for

USER, PASSWORD = "carol", "s3cret-and-long"


class Registry:
    def __init__(self, folder, address, port, certificate=None):
        self.folder = folder
        self.address = address
        self.port = port
        self.name = f"{address}:{port}"
        self.certificate = certificate

    def _request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.certificate:
            context = ssl.create_default_context(cafile=self.certificate)
            connection = http.client.HTTPSConnection(self.address, self.port, context=context, timeout=60)
            headers["Authorization"] = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        else:
            connection = http.client.HTTPConnection(self.address, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer

    def _expect(self, status, method, path, body=None, headers=None):
        answer = self._request(method, path, body, headers)
        if answer.status != status:
            raise Failure(f"registry: {method} {path}: {answer.status}")
        return answer

    def push_blob(self, repository, digest, content):
        if self._request("HEAD", f"/v2/{repository}/blobs/{digest}").status == 200:
            return
        place = self._expect(202, "POST", f"/v2/{repository}/blobs/uploads/", headers={"Content-Length": "0"})
        url = urllib.parse.urlsplit(place.getheader("Location"))
        query = urllib.parse.urlencode([*urllib.parse.parse_qsl(url.query), ("digest", digest)])
        self._expect(201, "PUT", f"{url.path}?{query}", content, {"Content-Type": "application/octet-stream"})

    def push(self, repository, tag, image):
        """Image or Index; the reference by which it is pulled."""
        for part in getattr(image, "images", [image]):
            for digest, content in part.blobs().items():
                self.push_blob(repository, digest, content)
            self._put_manifest(repository, part.digest, part)
        self._put_manifest(repository, tag, image)
        return f"{self.name}/{repository}:{tag}"

    def _put_manifest(self, repository, reference, image):
        self._expect(201, "PUT", f"/v2/{repository}/manifests/{reference}", image.manifest, {"Content-Type": image.type})

    def blob_file(self, digest):
        """Where the registry keeps a blob, for tests that spoil it."""
        text = digest.removeprefix("sha256:")
        return self.folder / f"data/docker/registry/v2/blobs/sha256/{text[:2]}/{text}/data"


CONFIG = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "{address}:{port}"{tls}}}
"""


@contextlib.contextmanager
def plain():
    with _serving("", None) as registry:
        yield registry


@contextlib.contextmanager
def with_password(address="127.0.0.1"):
    """Over https with a certificate of its own authority, for USER with PASSWORD."""
    need("openssl", "htpasswd")
    with temporary_folder("tare-tls-") as folder:
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={address}",
             "-addext", f"subjectAltName=IP:{address}", "-keyout", folder / "key", "-out", folder / "certificate"])
        (folder / "users").write_text(run(["htpasswd", "-Bbn", USER, PASSWORD])[1])
        tls = f", tls: {{certificate: {folder}/certificate, key: {folder}/key}}"
        auth = f"auth: {{htpasswd: {{realm: e2e, path: {folder}/users}}}}\n"
        with _serving(tls, folder / "certificate", auth, address) as registry:
            yield registry


@contextlib.contextmanager
def _serving(tls, certificate, auth="", address="127.0.0.1"):
    need("docker-registry")
    with temporary_folder("tare-registry-") as folder:
        port = free_port()
        config = folder / "config.yml"
        config.write_text(CONFIG.format(folder=folder, address=address, port=port, tls=tls) + auth)
        with process(["docker-registry", "serve", config], folder / "log") as child:
            wait_for(lambda: answers(port, address) or child.poll() is not None, "docker-registry")
            if child.poll() is not None:
                raise Failure("docker-registry: " + (folder / "log").read_text()[-500:])
            yield Registry(pathlib.Path(folder), address, port, certificate)
