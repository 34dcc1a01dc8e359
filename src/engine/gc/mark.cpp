#include "engine/gc/mark.h"

#include <utility>

namespace tare::gc {

std::set<Node> mark(std::vector<Node> roots, const References& references) {
    std::set<Node> reached;
    std::vector<Node> pending;  // reached, their references not looked at yet
    auto reach = [&](Node node) {
        auto [place, is_new] = reached.insert(std::move(node));
        if (is_new) pending.push_back(*place);
    };
    for (auto& root : roots)
        reach(std::move(root));
    while (!pending.empty()) {
        Node node = std::move(pending.back());
        pending.pop_back();
        references(node, reach);
    }
    return reached;
}

}  // namespace tare::gc
