// What is done for every byte of a pull, every request, every start: `build/release/bench/tare_micro`.

#include <cstdlib>
#include <filesystem>

#include <benchmark/benchmark.h>

#include "base/json.h"
#include "base/sha256.h"
#include "oci/seccomp_profile.h"
#include "run/runtime/container.h"
#include "run/runtime/seccomp.h"
#include "wire/http/request_head.h"

namespace {

using namespace tare;

constexpr std::int64_t kMebibyte = 1 << 20;

void hash(benchmark::State& state) {
    const std::string bytes(kMebibyte, 'x');
    for (auto _ : state)
        benchmark::DoNotOptimize(sha256(bytes));
    state.SetBytesProcessed(state.iterations() * kMebibyte);
}
BENCHMARK(hash);

void parse_config_json(benchmark::State& state) {
    const std::string text = dump(oci::to_json(runtime::default_spec()));
    for (auto _ : state)
        benchmark::DoNotOptimize(oci::parse_runtime_spec(text));
}
BENCHMARK(parse_config_json);

void parse_request(benchmark::State& state) {
    constexpr std::string_view text =
        "POST /v1.50/containers/create?name=web HTTP/1.1\r\nHost: docker\r\nUser-Agent: tare\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    for (auto _ : state)
        benchmark::DoNotOptimize(http::parse_request_head(text));
}
BENCHMARK(parse_request);

oci::Seccomp docker_default() {
    const oci::SeccompContext context{.architecture = "amd64", .capabilities = {}, .kernel_release = "6.1.0"};
    auto section = oci::resolve_seccomp_profile(oci::default_seccomp_profile(), context);
    if (!section) std::abort();
    auto seccomp = oci::parse_seccomp(JsonView(*section, "seccomp"));
    if (!seccomp) std::abort();
    return std::move(*seccomp);
}

void compile_seccomp(benchmark::State& state) {
    const oci::Seccomp seccomp = docker_default();
    for (auto _ : state)
        benchmark::DoNotOptimize(runtime::SeccompFilter::make(seccomp));
}
BENCHMARK(compile_seccomp)->Unit(benchmark::kMicrosecond);

void take_kept_seccomp(benchmark::State& state) {
    char name[] = "/tmp/tare-micro-XXXXXX";
    if (!::mkdtemp(name)) std::abort();
    const oci::Seccomp seccomp = docker_default();
    for (auto _ : state)
        benchmark::DoNotOptimize(runtime::SeccompFilter::make(seccomp, name));
    std::filesystem::remove_all(name);
}
BENCHMARK(take_kept_seccomp)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
