#include "engine/container/names.h"

#include <array>
#include <random>
#include <string_view>

#include "base/text.h"

namespace tare::container {

namespace {

constexpr auto kAdjectives = std::to_array<std::string_view>(
    {"able",     "agile",    "airy",     "alert",      "amber",    "apt",     "ardent", "aware",
     "balanced", "bold",     "brave",    "breezy",     "bright",   "brisk",   "calm",   "candid",
     "careful",  "cheerful", "clear",    "clever",     "cosmic",   "curious", "daring", "deft",
     "diligent", "dreamy",   "eager",    "earnest",    "easy",     "elegant", "exact",  "fair",
     "faithful", "fluent",   "frank",    "fresh",      "friendly", "gentle",  "glad",   "golden",
     "graceful", "hardy",    "hearty",   "honest",     "hopeful",  "humble",  "jolly",  "keen",
     "kind",     "level",    "light",    "lively",     "loyal",    "lucid",   "lucky",  "mellow",
     "merry",    "mild",     "modest",   "nimble",     "noble",    "patient", "plucky", "polite",
     "precise",  "prompt",   "proud",    "quick",      "quiet",    "ready",   "robust", "serene",
     "sharp",    "silent",   "sincere",  "sober",      "solid",    "steady",  "sturdy", "subtle",
     "sunny",    "swift",    "tender",   "thorough",   "tidy",     "trusty",  "upbeat", "valiant",
     "vivid",    "warm",     "watchful", "weightless", "willing",  "wise",    "witty",  "zesty"});

// People who weighed, measured, timed or counted something that nobody had before.
constexpr auto kMeasurers = std::to_array<std::string_view>(
    {"alhazen",      "ampere",        "angstrom",   "archimedes", "aristarchus", "arrhenius", "avogadro",
     "banneker",     "becquerel",     "bernoulli",  "bessel",     "bhabha",      "biruni",    "boltzmann",
     "boyle",        "bradley",       "brahe",      "burnell",    "cannon",      "carnot",    "cavendish",
     "celsius",      "chandrasekhar", "chatelet",   "clausius",   "cori",        "coulomb",   "curie",
     "dalton",       "democritus",    "doppler",    "dubois",     "eddington",   "einthoven", "eotvos",
     "eratosthenes", "euler",         "everett",    "fahrenheit", "faraday",     "fermi",     "fizeau",
     "fleming",      "foucault",      "franklin",   "fraunhofer", "galilei",     "galvani",   "gauss",
     "geiger",       "germain",       "gibbs",      "halley",     "harrison",    "heaviside", "helmholtz",
     "henry",        "herschel",      "hertz",      "hipparchus", "hodgkin",     "hooke",     "hubble",
     "huygens",      "hypatia",       "joule",      "kelvin",     "kepler",      "khayyam",   "kovalevskaya",
     "lagrange",     "lavoisier",     "leavitt",    "lehmann",    "leibniz",     "loschmidt", "mach",
     "maxwell",      "meitner",       "mendeleev",  "mercator",   "messier",     "michelson", "millikan",
     "mitchell",     "morley",        "napier",     "newton",     "nobel",       "noether",   "oersted",
     "ohm",          "oresme",        "pascal",     "payne",      "perrin",      "planck",    "poincare",
     "ptolemy",      "pythagoras",    "raman",      "ramanujan",  "rayleigh",    "reaumur",   "richter",
     "romer",        "rubin",         "rutherford", "rydberg",    "santorio",    "siemens",   "snell",
     "somerville",   "steno",         "stevin",     "stokes",     "struve",      "tesla",     "thales",
     "torricelli",   "vernier",       "vesalius",   "volta",      "watt",        "weber",     "wheatstone",
     "wollaston",    "wren",          "wu",         "yalow",      "young",       "zeeman",    "zeppelin"});

}  // namespace

std::string make_name(unsigned attempt) {
    std::random_device random;
    auto pick = [&](const auto& words) { return words[random() % words.size()]; };
    std::string name = cat(pick(kAdjectives), '_', pick(kMeasurers));
    if (attempt > 0) name += cat(random() % 10);
    return name;
}

}  // namespace tare::container
