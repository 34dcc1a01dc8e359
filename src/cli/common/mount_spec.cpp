#include "cli/common/mount_spec.h"

#include <vector>

#include "cli/common/flags.h"
#include "cli/common/key_value.h"
#include "cli/common/size.h"
#include "posix/path.h"

namespace tare::cli {

namespace {

std::string absolute_source(std::string_view source, std::string_view working_directory) {
    if (!source.starts_with('.')) return std::string(source);
    return posix::clean_path(cat(working_directory, '/', source));
}

Error invalid_spec(std::string_view option, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "invalid spec: ", option, ": ", why);
}

bool is_path(std::string_view source) {
    return source.starts_with('/') || source.starts_with('.') || source.starts_with('~');
}

// One `--mount` option on its way into JSON: the groups exist once a field of theirs was given.
class MountBuilder {
  public:
    explicit MountBuilder(std::string_view working_directory) : working_directory_(working_directory) {}

    Result<> field(std::string_view text) {
        auto [name, value] = cut(text, '=');
        std::string key = to_lower(name);
        if (value) return key_value(key, *value, text);
        if (key == "readonly" || key == "ro") {
            read_only_ = true;
        } else if (key == "volume-nocopy") {
            volume_.set("NoCopy", true);
        } else if (key == "bind-nonrecursive") {
            bind_.set("NonRecursive", true);
        } else {
            return fail(ErrorKind::invalid_argument, "invalid field '", text, "' must be a key=value pair");
        }
        return {};
    }

    Result<Json> finish() {
        if (type_.empty()) return fail(ErrorKind::invalid_argument, "type is required");
        if (target_.empty()) return fail(ErrorKind::invalid_argument, "target is required");
        Json out = Json::object();
        out.set("Type", type_);
        if (!source_.empty()) out.set("Source", source_);
        out.set("Target", target_);
        if (read_only_) out.set("ReadOnly", true);
        if (!consistency_.empty()) out.set("Consistency", consistency_);
        TRY(check_bind());
        TRY(add_group(out, "bind", "BindOptions", bind_));
        if (!driver_.is_null()) volume_.set("DriverConfig", driver_);
        TRY(add_group(out, "volume", "VolumeOptions", volume_));
        TRY(add_group(out, "image", "ImageOptions", image_));
        TRY(add_group(out, "tmpfs", "TmpfsOptions", tmpfs_));
        return out;
    }

  private:
    static Error invalid_value(std::string_view key, std::string_view value) {
        return fail(ErrorKind::invalid_argument, "invalid value for ", key, ": ", value);
    }

    Result<bool> boolean(std::string_view key, std::string_view value) const {
        auto parsed = parse_boolean(value);
        if (!parsed) return invalid_value(key, value);
        return *parsed;
    }

    Result<> key_value(const std::string& key, std::string_view value, std::string_view text) {
        if (key == "type") {
            type_ = to_lower(value);
        } else if (key == "source" || key == "src") {
            source_ = absolute_source(value, working_directory_);
        } else if (key == "target" || key == "dst" || key == "destination") {
            target_ = value;
        } else if (key == "readonly" || key == "ro") {
            read_only_ = TRY(boolean(key, value));
        } else if (key == "consistency") {
            consistency_ = to_lower(value);
        } else if (key.starts_with("bind-")) {
            return bind_option(key, value, text);
        } else if (key.starts_with("volume-")) {
            return volume_option(key, value, text);
        } else if (key == "image-subpath") {
            image_.set("Subpath", value);
        } else if (key == "tmpfs-size") {
            auto size = parse_size(value);
            if (!size) return invalid_value(key, value);
            tmpfs_.set("SizeBytes", *size);
        } else if (key == "tmpfs-mode") {
            auto mode = parse_integer<std::uint32_t>(value, 8);
            if (!mode) return invalid_value(key, value);
            tmpfs_.set("Mode", *mode);
        } else {
            return unexpected(key, text);
        }
        return {};
    }

    static Error unexpected(std::string_view key, std::string_view text) {
        return fail(ErrorKind::invalid_argument, "unexpected key '", key, "' in '", text, '\'');
    }

    Result<> bind_option(const std::string& key, std::string_view value, std::string_view text) {
        if (key == "bind-propagation") {
            bind_.set("Propagation", to_lower(value));
        } else if (key == "bind-nonrecursive") {
            bind_.set("NonRecursive", TRY(boolean(key, value)));
        } else if (key == "bind-recursive") {
            if (value == "enabled") return {};
            if (value != "disabled" && value != "writable" && value != "readonly")
                return fail(ErrorKind::invalid_argument, "invalid value for ", key, ": ", value,
                            " (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")");
            bind_.set(value == "disabled"   ? "NonRecursive"
                      : value == "writable" ? "ReadOnlyNonRecursive"
                                            : "ReadOnlyForceRecursive",
                      true);
        } else {
            return unexpected(key, text);
        }
        return {};
    }

    Result<> volume_option(const std::string& key, std::string_view value, std::string_view text) {
        auto [name, content] = cut(value, '=');
        if (key == "volume-subpath") {
            volume_.set("Subpath", value);
        } else if (key == "volume-nocopy") {
            volume_.set("NoCopy", TRY(boolean(key, value)));
        } else if (key == "volume-label") {
            if (volume_.find("Labels") == nullptr) volume_.set("Labels", Json::object());
            if (!name.empty()) volume_.find("Labels")->set(name, content.value_or(""));
        } else if (key == "volume-driver") {
            driver_.set("Name", value);
        } else if (key == "volume-opt") {
            if (driver_.find("Options") == nullptr) driver_.set("Options", Json::object());
            if (!name.empty()) driver_.find("Options")->set(name, content.value_or(""));
        } else {
            return unexpected(key, text);
        }
        return {};
    }

    Result<> check_bind() const {
        for (auto [field, word] :
             {std::pair("ReadOnlyNonRecursive", "writable"), {"ReadOnlyForceRecursive", "readonly"}})
            if (bind_.find(field) != nullptr && !read_only_)
                return fail(ErrorKind::invalid_argument, "option 'bind-recursive=", word,
                            "' requires 'readonly' to be specified in conjunction");
        const Json* propagation = bind_.find("Propagation");
        if (bind_.find("ReadOnlyForceRecursive") != nullptr &&
            (propagation == nullptr || *propagation != Json("rprivate")))
            return fail(ErrorKind::invalid_argument,
                        "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be "
                        "specified in conjunction");
        return {};
    }

    Result<> add_group(Json& out, std::string_view type, std::string_view name, const Json& options) const {
        if (options.is_null()) return {};
        if (type != type_)
            return fail(ErrorKind::invalid_argument, "cannot mix '", type, "-*' options with mount type '",
                        type_, '\'');
        out.set(name, options);
        return {};
    }

    std::string_view working_directory_;
    std::string type_ = "volume";
    std::string source_;
    std::string target_;
    std::string consistency_;
    bool read_only_ = false;
    Json bind_, volume_, driver_, image_, tmpfs_;
};

}  // namespace

Result<VolumeOption> parse_volume(std::string_view option, std::string_view working_directory) {
    if (option.empty()) return fail(ErrorKind::invalid_argument, "invalid empty volume spec");
    std::vector<std::string_view> parts = split(option, ':');
    if (option.size() <= 2) return VolumeOption{VolumeOption::Type::anonymous, std::string(option), {}};
    for (std::string_view part : parts)
        if (part.empty()) return invalid_spec(option, "empty section between colons");
    if (parts.size() > 3) return invalid_spec(option, "too many colons");
    if (parts.size() == 1) return VolumeOption{VolumeOption::Type::anonymous, std::string(option), {}};
    if (!is_path(parts[0])) return VolumeOption{VolumeOption::Type::volume, {}, std::string(option)};
    std::string_view rest = option.substr(parts[0].size());
    return VolumeOption{
        VolumeOption::Type::bind, {}, cat(absolute_source(parts[0], working_directory), rest)};
}

Result<Json> parse_mount(std::string_view option, std::string_view working_directory) {
    MountBuilder builder(working_directory);
    for (const std::string& field : TRY(split_csv(option)))
        TRY(builder.field(field));
    return builder.finish();
}

}  // namespace tare::cli
