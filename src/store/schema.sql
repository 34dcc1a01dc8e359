-- The database of tared as one tree: every table, what a row means, who writes it.
--
-- Conventions
--   times        nanoseconds since 1970 (UTC)
--   labels       a JSON object of strings (store/labels.h), never NULL
--   document     JSON whose form its owner versions inside the document
--   digest       "sha256:…" as base/digest.h checked it
--   namespace    a containerd namespace: what one sees the other does not
-- All tables are STRICT. A change of this file needs a migration (migration.h) that turns the schema
-- before it into this one; a test compares the two results.


-- ── namespaces ────────────────────────────────────────────────────────────────────────────────────
-- Rows exist for labels only; a namespace without a row is as good as one with an empty row.

CREATE TABLE namespaces (
    name        TEXT PRIMARY KEY,
    labels      TEXT NOT NULL DEFAULT '{}',
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;


-- ── content (image/content) ───────────────────────────────────────────────────────────────────────

-- A blob that a namespace knows. The bytes, ROOT/content/blobs/ALGORITHM/HEX, are there once, for all
-- namespaces that have a row; the file is whole and durable before the first row and removed after the
-- last one.
CREATE TABLE blobs (
    namespace   TEXT NOT NULL,
    digest      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    labels      TEXT NOT NULL DEFAULT '{}',
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (namespace, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_digest ON blobs (digest);

-- Content on its way in. How far it is, the file ROOT/content/ingest/FILE alone says.
CREATE TABLE ingests (
    namespace        TEXT NOT NULL,
    ref              TEXT NOT NULL,               -- the writer's name for it: "layer-sha256:…"
    file             TEXT NOT NULL UNIQUE,
    expected_digest  TEXT,                        -- NULL: whatever it will be
    expected_size    INTEGER,
    labels           TEXT NOT NULL DEFAULT '{}',  -- for the blob
    started_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    PRIMARY KEY (namespace, ref)
) STRICT, WITHOUT ROWID;


-- ── images (image/transfer) ───────────────────────────────────────────────────────────────────────

-- A name for a manifest or an index. Its content hangs on the labels of the blobs (gc.ref.content.…).
CREATE TABLE images (
    namespace    TEXT NOT NULL,
    name         TEXT NOT NULL,                   -- full: "docker.io/library/redis:alpine"
    digest       TEXT NOT NULL,                   -- the target descriptor
    media_type   TEXT NOT NULL,
    size         INTEGER NOT NULL,
    annotations  TEXT NOT NULL DEFAULT '{}',
    labels       TEXT NOT NULL DEFAULT '{}',
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX images_by_digest ON images (namespace, digest);


-- ── snapshots (image/snapshot) ────────────────────────────────────────────────────────────────────

-- A file tree: the directory ROOT/snapshots/SNAPSHOTTER/…/ID, made before the row, removed after it.
-- Namespaces share committed layers, so a snapshot has no namespace; the keys of active ones begin
-- with one.
CREATE TABLE snapshots (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, also after removal
    snapshotter  TEXT NOT NULL,                      -- "overlayfs", "native"
    key          TEXT NOT NULL,                      -- of a committed one: its name, the chain id
    parent       TEXT,                               -- name of a committed one of this snapshotter
    kind         TEXT NOT NULL CHECK (kind IN ('active', 'view', 'committed')),
    labels       TEXT NOT NULL DEFAULT '{}',
    size         INTEGER,                            -- of a committed one: allocated bytes
    inodes       INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (snapshotter, key)
) STRICT;
CREATE INDEX snapshots_by_parent ON snapshots (snapshotter, parent);


-- ── leases (engine/lease, store/hold.h) ───────────────────────────────────────────────────────────

-- Keeps its resources, and what they refer to, from the collector until removed or expired.
CREATE TABLE leases (
    namespace   TEXT NOT NULL,
    id          TEXT NOT NULL,
    labels      TEXT NOT NULL DEFAULT '{}',       -- containerd.io/gc.flat, …
    expires_at  INTEGER,                          -- containerd.io/gc.expire as a number
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease_resources (
    namespace  TEXT NOT NULL,
    lease      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('content', 'snapshot', 'ingest', 'image')),
    id         TEXT NOT NULL,                     -- digest; "SNAPSHOTTER/KEY"; ref; name
    PRIMARY KEY (namespace, lease, kind, id),
    FOREIGN KEY (namespace, lease) REFERENCES leases (namespace, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;


-- ── containers (engine/container) ─────────────────────────────────────────────────────────────────

CREATE TABLE containers (
    namespace     TEXT NOT NULL,
    id            TEXT NOT NULL,                  -- 64 hex digits from the Docker face, else the client's
    name          TEXT,                           -- NULL for faces whose containers have ids only
    image         TEXT NOT NULL DEFAULT '',       -- the name it was made from, as asked for
    image_digest  TEXT,                           -- keeps this content, and what it refers to
    snapshotter   TEXT NOT NULL DEFAULT '',
    snapshot_key  TEXT NOT NULL DEFAULT '',       -- keeps this snapshot
    labels        TEXT NOT NULL DEFAULT '{}',
    document      TEXT NOT NULL,                  -- what was asked for: configuration
    state         TEXT NOT NULL DEFAULT '{}',     -- what became of it: status, exit code, restarts, health
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX containers_by_name ON containers (namespace, name) WHERE name IS NOT NULL;

-- Sandboxes of the CRI and of containerd's API (engine/sandbox).
CREATE TABLE sandboxes (
    namespace   TEXT NOT NULL,
    id          TEXT NOT NULL,
    labels      TEXT NOT NULL DEFAULT '{}',
    document    TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT '{}',
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;


-- ── networks (engine/network) ─────────────────────────────────────────────────────────────────────
-- Containers of every namespace share the machine's networks, ports and volumes; `container` here is
-- "NAMESPACE/ID".

CREATE TABLE networks (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    driver      TEXT NOT NULL,
    labels      TEXT NOT NULL DEFAULT '{}',
    document    TEXT NOT NULL,                    -- subnets, gateways, options
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The place of a container in a network: an address of one container at most.
CREATE TABLE network_endpoints (
    network     TEXT NOT NULL REFERENCES networks (id),
    container   TEXT NOT NULL,
    ip          TEXT,                             -- "172.17.0.2"
    ipv6        TEXT,
    mac         TEXT NOT NULL,
    document    TEXT NOT NULL DEFAULT '{}',       -- aliases, interface names, options
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (network, container)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX network_endpoints_by_ip ON network_endpoints (network, ip) WHERE ip IS NOT NULL;
CREATE UNIQUE INDEX network_endpoints_by_ipv6 ON network_endpoints (network, ipv6) WHERE ipv6 IS NOT NULL;
CREATE INDEX network_endpoints_by_container ON network_endpoints (container);

-- A port of the host that leads to one of a container. "0.0.0.0" and "::" overlap every address, which
-- the owner checks in the transaction that inserts.
CREATE TABLE published_ports (
    protocol        TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
    host_ip         TEXT NOT NULL,
    host_port       INTEGER NOT NULL CHECK (host_port BETWEEN 1 AND 65535),
    container       TEXT NOT NULL,
    container_port  INTEGER NOT NULL CHECK (container_port BETWEEN 1 AND 65535),
    PRIMARY KEY (protocol, host_ip, host_port)
) STRICT, WITHOUT ROWID;
CREATE INDEX published_ports_by_container ON published_ports (container);


-- ── volumes (engine/volume) ───────────────────────────────────────────────────────────────────────

-- ROOT/volumes/NAME/_data for the local driver.
CREATE TABLE volumes (
    name        TEXT PRIMARY KEY,
    driver      TEXT NOT NULL DEFAULT 'local',
    labels      TEXT NOT NULL DEFAULT '{}',
    options     TEXT NOT NULL DEFAULT '{}',
    anonymous   INTEGER NOT NULL DEFAULT 0,       -- made for a container without a name of its own
    populated   INTEGER NOT NULL DEFAULT 0,       -- copied up from an image already, or never to be
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A container uses a volume, running or not; such a volume cannot be removed.
CREATE TABLE volume_refs (
    volume     TEXT NOT NULL REFERENCES volumes (name),
    container  TEXT NOT NULL,
    PRIMARY KEY (volume, container)
) STRICT, WITHOUT ROWID;
CREATE INDEX volume_refs_by_container ON volume_refs (container);


-- ── the daemon itself ─────────────────────────────────────────────────────────────────────────────

-- Small facts: the engine's id, the time of the last collection.
CREATE TABLE settings (
    key    TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
