"""Writes images: layers out of directories, configs, manifests, indexes; by the OCI image spec or with
Docker's media types. The same input gives the same digests."""
import gzip
import hashlib
import io
import json
import tarfile

CREATED = "2023-11-14T22:13:20Z"
EPOCH = 1700000000
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def encode(document):
    return json.dumps(document, separators=(",", ":")).encode()


def tar_of(folder, extra=()):
    """A directory as a tar stream: sorted, root's, of one time. `extra` are (TarInfo, bytes) put behind it."""
    def clean(info):
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = EPOCH
        return info

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, arcname=str(path.relative_to(folder)), recursive=False, filter=clean)
        for info, content in extra:
            info.mtime = EPOCH
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


class Layer:
    """A compressed blob and the digest of what it holds (its diff id)."""

    def __init__(self, tar, compressed=None):
        self.diff_id = digest_of(tar)
        self.blob = gzip.compress(tar, 6, mtime=0) if compressed is None else compressed
        self.digest = digest_of(self.blob)


class Image:
    """One platform's image. `config` is the part of the config document that containers inherit."""

    def __init__(self, layers, config, architecture, docker_types=False, diff_ids=None):
        self.layers = layers
        self.architecture = architecture
        self.type = DOCKER + "distribution.manifest.v2+json" if docker_types else OCI + "manifest.v1+json"
        self.config = encode({
            "created": CREATED, "architecture": architecture, "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids or [layer.diff_id for layer in layers]},
            "history": [{"created": CREATED, "created_by": f"layer {number}"} for number, _ in enumerate(layers)],
        })
        config_type = DOCKER + "container.image.v1+json" if docker_types else OCI + "config.v1+json"
        layer_type = DOCKER + "image.rootfs.diff.tar.gzip" if docker_types else OCI + "layer.v1.tar+gzip"
        self.manifest = encode({
            "schemaVersion": 2, "mediaType": self.type,
            "config": _descriptor(config_type, self.config),
            "layers": [_descriptor(layer_type, layer.blob) for layer in layers],
        })
        self.digest = digest_of(self.manifest)

    def blobs(self):
        return {digest_of(self.config): self.config, **{layer.digest: layer.blob for layer in self.layers}}


class Index:
    """Images of several platforms under one digest."""

    def __init__(self, *images):
        self.images = images
        self.type = OCI + "index.v1+json"
        self.manifest = encode({
            "schemaVersion": 2, "mediaType": self.type,
            "manifests": [{**_descriptor(image.type, image.manifest),
                           "platform": {"architecture": image.architecture, "os": "linux"}} for image in images],
        })
        self.digest = digest_of(self.manifest)


def _descriptor(media_type, content):
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def docker_archive(image, tag):
    """What `docker save` writes, as far as `docker load` reads it."""
    names = [f"{layer.diff_id.removeprefix('sha256:')}/layer.tar" for layer in image.layers]
    config_name = digest_of(image.config).removeprefix("sha256:") + ".json"
    files = {config_name: image.config}
    files.update(zip(names, (gzip.decompress(layer.blob) for layer in image.layers)))
    files["manifest.json"] = encode([{"Config": config_name, "RepoTags": [tag], "Layers": names}])
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), EPOCH
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()
