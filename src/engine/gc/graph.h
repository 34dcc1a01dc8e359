#pragma once

// What the tables say, read in one transaction: what there is, what is a root, what refers to what.
// Private to this folder.

#include <chrono>
#include <map>
#include <set>
#include <vector>

#include "engine/gc/mark.h"
#include "store/database.h"

namespace tare::gc {

struct GraphOptions {
    Time at;                               ///< what "expired" and "young" are measured by
    std::chrono::seconds ingest_lifetime;  ///< older ingests are no roots
    std::chrono::seconds active_lifetime;  ///< younger active snapshots and views are roots
};

struct Graph {
    std::set<Node> present;
    std::vector<Node> roots;
    std::set<Node> flat;  ///< kept, without what they refer to
    std::map<Node, std::vector<Node>> references;
    std::set<std::string> namespaces;
    std::vector<std::pair<std::string, std::string>> expired_leases;  ///< namespace, id

    /// What is present and can be reached by nothing.
    std::vector<Node> garbage() const;
};

Result<Graph> read_graph(store::Transaction& transaction, const GraphOptions& options);

}  // namespace tare::gc
