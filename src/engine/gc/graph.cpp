#include "engine/gc/graph.h"

#include "engine/gc/labels.h"
#include "engine/lease/leases.h"

namespace tare::gc {

namespace {

/// One table after another into the graph.
class Reader {
  public:
    Reader(store::Transaction& transaction, const GraphOptions& options)
        : t_(transaction), options_(options) {}

    Result<Graph> read() {
        TRY(read_content());
        TRY(read_snapshots());
        TRY(read_ingests());
        TRY(read_images());
        TRY(read_containers());
        TRY(read_leases());
        return std::move(graph_);
    }

  private:
    bool has_expired(const LabelMeaning& meaning) const {
        return meaning.expires && *meaning.expires <= options_.at;
    }

    /// Adds a resource with what its labels say, and returns that.
    Result<LabelMeaning> add(const Node& node, std::string_view labels) {
        graph_.present.insert(node);
        if (!node.name_space.empty()) graph_.namespaces.insert(node.name_space);
        LabelMeaning meaning = read_labels(node.name_space, TRY(store::labels_of_text(labels)));
        for (const auto& target : meaning.to)
            graph_.references[node].push_back(target);
        for (const auto& source : meaning.from)
            graph_.references[source].push_back(node);
        if (meaning.is_root) graph_.roots.push_back(node);
        return meaning;
    }

    Result<> read_content() {
        auto rows = TRY(t_.query("SELECT namespace, digest, labels FROM blobs"));
        while (TRY(rows.next()))
            TRY(add({Kind::content, rows.text(0), rows.text(1)}, rows.text(2)));
        return {};
    }

    Result<> read_snapshots() {
        auto rows = TRY(t_.query("SELECT snapshotter, key, labels, parent, kind, created_at FROM snapshots"));
        while (TRY(rows.next())) {
            Node node{Kind::snapshot, "", cat(rows.text(0), "/", rows.text(1))};
            TRY(add(node, rows.text(2)));
            if (std::string parent = rows.text(3); !parent.empty())
                graph_.references[node].push_back({Kind::snapshot, "", cat(rows.text(0), "/", parent)});
            // Whoever has just prepared one is about to write the row that refers to it.
            if (rows.text(4) != "committed" && rows.time(5) + options_.active_lifetime > options_.at)
                graph_.roots.push_back(node);
        }
        return {};
    }

    Result<> read_ingests() {
        auto rows = TRY(t_.query("SELECT namespace, ref, updated_at FROM ingests"));
        while (TRY(rows.next())) {
            Node node{Kind::ingest, rows.text(0), rows.text(1)};
            TRY(add(node, "{}"));
            if (rows.time(2) + options_.ingest_lifetime > options_.at) graph_.roots.push_back(node);
        }
        return {};
    }

    Result<> read_images() {
        auto rows = TRY(t_.query("SELECT namespace, name, labels, digest FROM images"));
        while (TRY(rows.next())) {
            Node node{Kind::image, rows.text(0), rows.text(1)};
            LabelMeaning meaning = TRY(add(node, rows.text(2)));
            graph_.references[node].push_back({Kind::content, rows.text(0), rows.text(3)});
            if (!has_expired(meaning)) graph_.roots.push_back(node);
        }
        return {};
    }

    Result<> read_containers() {
        auto rows = TRY(t_.query(
            "SELECT namespace, id, labels, snapshotter, snapshot_key, image_digest FROM containers"));
        while (TRY(rows.next())) {
            Node node{Kind::container, rows.text(0), rows.text(1)};
            TRY(add(node, rows.text(2)));
            graph_.roots.push_back(node);
            if (std::string key = rows.text(4); !key.empty())
                graph_.references[node].push_back({Kind::snapshot, "", cat(rows.text(3), "/", key)});
            if (auto image = rows.optional_text(5))
                graph_.references[node].push_back({Kind::content, rows.text(0), *image});
        }
        return {};
    }

    Result<> read_leases() {
        std::set<std::pair<std::string, std::string>> flat;
        auto leases = TRY(t_.query("SELECT namespace, id, labels, expires_at FROM leases"));
        while (TRY(leases.next())) {
            std::pair key(leases.text(0), leases.text(1));
            if (!leases.is_null(3) && leases.time(3) <= options_.at) {
                graph_.expired_leases.push_back(key);
                continue;
            }
            auto labels = TRY(store::labels_of_text(leases.text(2)));
            if (labels.contains(std::string(lease::kFlatLabel))) flat.insert(key);
        }
        auto rows = TRY(t_.query(
            "SELECT r.namespace, r.lease, r.kind, r.id FROM lease_resources r JOIN leases l"
            " ON l.namespace = r.namespace AND l.id = r.lease WHERE l.expires_at IS NULL OR l.expires_at > ?",
            {options_.at}));
        while (TRY(rows.next())) {
            Node node = resource(rows);
            if (flat.contains({rows.text(0), rows.text(1)}))
                graph_.flat.insert(node);
            else
                graph_.roots.push_back(node);
        }
        return {};
    }

    static Node resource(const store::Statement& row) {
        std::string kind = row.text(2);
        if (kind == "snapshot") return {Kind::snapshot, "", row.text(3)};
        Kind which = kind == "content" ? Kind::content : kind == "ingest" ? Kind::ingest : Kind::image;
        return {which, row.text(0), row.text(3)};
    }

    store::Transaction& t_;
    const GraphOptions& options_;
    Graph graph_;
};

}  // namespace

std::vector<Node> Graph::garbage() const {
    auto reached = mark(roots, [&](const Node& node, const std::function<void(Node)>& sink) {
        auto targets = references.find(node);
        if (targets == references.end()) return;
        for (const auto& target : targets->second) {
            // Content that a snapshot names: snapshots are of all namespaces.
            if (node.kind == Kind::snapshot && target.kind != Kind::snapshot) {
                for (const auto& name_space : namespaces)
                    sink({target.kind, name_space, target.id});
            } else {
                sink(target);
            }
        }
    });
    std::vector<Node> unreached;
    for (const auto& node : present) {
        if (!reached.contains(node) && !flat.contains(node)) unreached.push_back(node);
    }
    return unreached;
}

Result<Graph> read_graph(store::Transaction& transaction, const GraphOptions& options) {
    return Reader(transaction, options).read();
}

}  // namespace tare::gc
