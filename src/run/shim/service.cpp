#include "run/shim/service.h"

#include <array>

#include "base/log.h"

namespace tare::shim {

/// The methods by name.
struct Calls {
    using Handler = ttrpc::Reply (*)(Service&, ttrpc::Incoming&);

    template <class Request, auto Method>
    static ttrpc::Reply of(Service& service, ttrpc::Incoming& call) {
        return encode(TRY((service.*Method)(TRY(shimv2::decode<Request>(call.payload)))));
    }
    static ttrpc::Reply attach(Service& service, ttrpc::Incoming& call) {
        auto request = TRY(shimv2::decode<shimv2::AttachRequest>(call.payload));
        return encode(TRY(service.attach(request, std::move(call.descriptors))));
    }

    static ttrpc::Reply create(Service& service, ttrpc::Incoming& call) {
        auto request = TRY(shimv2::decode<shimv2::CreateTaskRequest>(call.payload));
        return encode(TRY(service.create(request, std::move(call.descriptors))));
    }

    struct Entry {
        std::string_view method;
        Handler handler;
    };
    static constexpr std::array kTask = {
        Entry{"State", &of<shimv2::StateRequest, &Service::state>},
        Entry{"Create", &create},
        Entry{"Start", &of<shimv2::StartRequest, &Service::start>},
        Entry{"Delete", &of<shimv2::DeleteRequest, &Service::remove>},
        Entry{"Pids", &of<shimv2::PidsRequest, &Service::pids>},
        Entry{"Pause", &of<shimv2::PauseRequest, &Service::pause>},
        Entry{"Resume", &of<shimv2::ResumeRequest, &Service::resume>},
        Entry{"Checkpoint", &of<shimv2::CheckpointTaskRequest, &Service::checkpoint>},
        Entry{"Kill", &of<shimv2::KillRequest, &Service::kill>},
        Entry{"Exec", &of<shimv2::ExecProcessRequest, &Service::exec>},
        Entry{"ResizePty", &of<shimv2::ResizePtyRequest, &Service::resize>},
        Entry{"CloseIO", &of<shimv2::CloseIoRequest, &Service::close_io>},
        Entry{"Update", &of<shimv2::UpdateTaskRequest, &Service::update>},
        Entry{"Stats", &of<shimv2::StatsRequest, &Service::stats>},
        Entry{"Connect", &of<shimv2::ConnectRequest, &Service::connect>},
        Entry{"Shutdown", &of<shimv2::ShutdownRequest, &Service::shutdown>},
    };

    static void wait(Service& service, const ttrpc::Incoming& call, const ttrpc::Responder& responder) {
        auto request = shimv2::decode<shimv2::WaitRequest>(call.payload);
        if (!request) return responder.answer(request.error());
        service.wait(*request, responder);
    }
};

Service::Service(posix::EventLoop& loop, Options options)
    : loop_(&loop),
      options_(std::move(options)),
      publisher_(loop, options_.events_address, options_.name_space) {}

Service::~Service() {
    for (auto& [id, container] : containers_)
        if (container->oom_watch) loop_->forget(container->oom_watch->descriptor());
}

void Service::handle(ttrpc::Incoming call, const ttrpc::Responder& responder) {
    bool is_task = call.service == shimv2::kTaskService || call.service == shimv2::kTaskServiceV3;
    if (is_task && call.method == "Wait") return Calls::wait(*this, call, responder);
    if (is_task)
        for (auto& entry : Calls::kTask)
            if (entry.method == call.method) return responder.answer(entry.handler(*this, call));
    if (call.service == shimv2::AttachRequest::kService && call.method == shimv2::AttachRequest::kMethod)
        return responder.answer(Calls::attach(*this, call));
    responder.answer(fail(ErrorKind::unimplemented, "method ", quote(call.service), "/", quote(call.method),
                          " is not served"));
}

bool Service::has_running_containers() const {
    for (auto& [id, container] : containers_)
        if (container->init.phase != Process::Phase::stopped) return true;
    return false;
}

Result<Container*> Service::find(const std::string& id) {
    auto found = containers_.find(id);
    if (found == containers_.end()) return fail(ErrorKind::not_found, "container ", quote(id), " not found");
    return found->second.get();
}

Result<Process*> Service::find_process(Container& container, const std::string& exec_id) {
    if (exec_id.empty()) return &container.init;
    auto found = container.execs.find(exec_id);
    if (found == container.execs.end())
        return fail(ErrorKind::not_found, "exec ", quote(exec_id), " of container ", quote(container.id),
                    " not found");
    return found->second.get();
}

std::string runtime_root_of(const std::string& bundle) {
    return bundle + "/runtime";
}

}  // namespace tare::shim
