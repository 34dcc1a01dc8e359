#include "image/layer/directory_walk.h"

#include <cerrno>

#include <fcntl.h>

#include "posix/file.h"
#include "posix/path.h"
#include "posix/tree.h"

namespace tare::layer {

namespace {
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY;
}

SplitPath split_parent(std::string_view path) {
    std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return {{}, path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<int> DirectoryWalk::open(std::string_view path) {
    std::size_t depth = 0;
    std::size_t begin = 0;
    while (begin < path.size()) {
        std::size_t end = std::min(path.find('/', begin), path.size());
        std::string_view name = path.substr(begin, end - begin);
        if (depth < chain_.size() && chain_[depth].name != name) chain_.resize(depth);
        if (depth == chain_.size()) {
            int parent = depth == 0 ? root_ : chain_[depth - 1].directory.get();
            std::string component(name);
            posix::Fd directory = TRY(open_component(parent, component, std::string(path.substr(0, end))));
            chain_.push_back({std::move(component), std::move(directory)});
        }
        ++depth;
        begin = end + 1;
    }
    // Deeper levels stay open: the next entry often goes back down. They are cut when a name differs.
    return depth == 0 ? root_ : chain_[depth - 1].directory.get();
}

Result<posix::Fd> DirectoryWalk::open_component(int parent, const std::string& name,
                                                const std::string& path) {
    TRY(posix::expect_component(name));
    auto opened = posix::open_at(parent, name, kOpenDirectory | O_NOFOLLOW);
    if (opened) return opened;
    int reason = opened.error().error_number();
    if (reason != ENOENT && reason != ENOTDIR && reason != ELOOP) return opened.error();
    auto status = TRY(posix::status_at(parent, name));
    if (status && status->is(posix::FileType::symlink))
        return TRY_CONTEXT(posix::open_in_root(root_, path, kOpenDirectory), "follow a link inside the root");
    if (!make_) return opened.error();
    TRY(make_(parent, name, path));
    return posix::open_at(parent, name, kOpenDirectory | O_NOFOLLOW);
}

}  // namespace tare::layer
