// What clients ask before everything else: is somebody there, and which versions are spoken.

#include "api/docker/endpoints.h"
#include "engine/container/host_facts.h"

namespace tare::docker {

Result<> ping(Call& call) {
    return call.exchange.respond(200, "OK",
                                 {{"Cache-Control", "no-cache, no-store, must-revalidate"},
                                  {"Pragma", "no-cache"},
                                  {"Builder-Version", ""},
                                  {"Swarm", "inactive"},
                                  {"Content-Type", "text/plain; charset=utf-8"}});
}

Result<> system_version(Call& call) {
    const Parts& parts = call.parts;
    Json details =
        Json::object().set("ApiVersion", kNewestVersion.text()).set("Arch", parts.host.architecture);
    details.set("BuildTime", "").set("Experimental", "false").set("GitCommit", "").set("GoVersion", "");
    details.set("KernelVersion", parts.host.kernel_release).set("MinAPIVersion", kOldestVersion.text());
    details.set("Os", "linux");
    Json engine = Json::object().set("Name", "Engine").set("Version", parts.version);
    engine.set("Details", std::move(details));
    Json document = Json::object().set("Platform", Json::object().set("Name", "tare"));
    document.set("Components", Json::array().push(std::move(engine))).set("Version", parts.version);
    document.set("ApiVersion", kNewestVersion.text()).set("MinAPIVersion", kOldestVersion.text());
    document.set("GitCommit", "")
        .set("GoVersion", "")
        .set("Os", "linux")
        .set("Arch", parts.host.architecture);
    document.set("KernelVersion", parts.host.kernel_release).set("BuildTime", "");
    return call.respond(200, document);
}

}  // namespace tare::docker
