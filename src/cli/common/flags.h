#pragma once

// The flags of one command: one definition parses, prints the help and feeds the completion.
// Semantics are those that users of the docker command know (GNU style as the pflag library has
// it): `--name value`, `--name=value`, `-n value`, `-nvalue`, bundles of shorthands (`-it`),
// repeated lists, `--` ends the flags, `--flag=false` for booleans.
//
//     bool all = false;
//     std::int64_t last = -1;
//     FlagSet flags;
//     flags.boolean(all, "all", 'a', "Show all containers");
//     flags.integer(last, "last", 'n', "Show the last n created containers");
//     std::vector<std::string> arguments = TRY(flags.parse(words));

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tare::cli {

/// One flag as help and completion see it.
struct Flag {
    std::string name;
    char shorthand = 0;        ///< 0 for none
    std::string type;          ///< word after the name in the help; empty for switches
    std::string help;          ///< lines separated by '\n'
    std::string default_text;  ///< shown as "(default …)" unless empty
    std::string no_value;      ///< what the flag means when it stands alone; empty: needs a value
    std::string completion;    ///< kind of thing the value names ("container", "file", "a|b|c"), may be empty
    bool is_hidden = false;
    bool is_set = false;  ///< given on the command line
    std::function<Result<>(std::string_view)> assign;
};

/// The flags of a command. Targets are borrowed and must outlive the set; their values at the time
/// of definition are the defaults.
class FlagSet {
  public:
    /// Whether flags may follow arguments; `no` for commands whose arguments are a command line.
    enum class Interspersed { yes, no };

    /// Each definition returns the flag, so that rare properties can be set on it; the reference
    /// is valid until the next definition.
    Flag& boolean(bool& target, std::string_view name, char shorthand, std::string_view help);
    Flag& text(std::string& target, std::string_view name, char shorthand, std::string_view help,
               std::string_view type = "string");
    Flag& integer(std::int64_t& target, std::string_view name, char shorthand, std::string_view help,
                  std::string_view type = "int");
    Flag& unsigned_integer(std::uint64_t& target, std::string_view name, char shorthand,
                           std::string_view help, std::uint64_t max, std::string_view type);
    /// Go's duration syntax ("1m30s").
    Flag& duration(std::chrono::nanoseconds& target, std::string_view name, char shorthand,
                   std::string_view help);
    /// Sizes with a unit, base 1024 ("512m").
    Flag& size(std::int64_t& target, std::string_view name, char shorthand, std::string_view help);
    /// Collects each occurrence.
    Flag& list(std::vector<std::string>& target, std::string_view name, char shorthand, std::string_view help,
               std::string_view type = "list");
    /// Anything else: `assign` is called for each occurrence.
    Flag& custom(std::string_view name, char shorthand, std::string_view type, std::string_view help,
                 std::function<Result<>(std::string_view)> assign);

    /// The flag defined last.
    Flag& last() { return flags_.back(); }

    /// Reads the words after the command's name; returns the arguments. invalid_argument with the
    /// wording that scripts know ("unknown flag: --x") on a bad flag.
    Result<std::vector<std::string>> parse(std::span<const std::string> words,
                                           Interspersed interspersed = Interspersed::yes);

    /// True if the flag was given (also with its default value).
    bool is_set(std::string_view name) const;
    const std::vector<Flag>& flags() const { return flags_; }
    const Flag* find(std::string_view name) const;
    const Flag* find_shorthand(char shorthand) const;

    /// The block of the help, one entry a flag, wrapped at `columns`; empty without flags.
    std::string usage(std::size_t columns) const;

  private:
    Flag& add(Flag flag);
    Result<> assign(Flag& flag, std::string_view value);
    Result<std::size_t> parse_long(std::span<const std::string> words, std::size_t at);
    Result<std::size_t> parse_short(std::span<const std::string> words, std::size_t at);

    std::vector<Flag> flags_;
};

/// "true", "1", "T", … as Go's strconv.ParseBool; invalid_argument in its wording.
Result<bool> parse_boolean(std::string_view text);
/// A decimal, 0x, 0o or 0b integer as Go's strconv.ParseInt with base 0; invalid_argument in its wording.
Result<std::int64_t> parse_int64(std::string_view text);

}  // namespace tare::cli
