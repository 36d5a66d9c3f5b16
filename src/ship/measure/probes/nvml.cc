#include "ship/measure/probes/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace hone::ship {

namespace {

constexpr int not_supported = 3;  // NVML_ERROR_NOT_SUPPORTED
constexpr int no_permission = 4;

struct Gpu {
  void* device = nullptr;
  std::string name;
  uint64_t first_mj = 0, last_mj = 0;
};

std::string reason(int code) {
  if (code == not_supported) return "not supported by this GPU (Jetson's and older ones have none)";
  if (code == no_permission) return "no permission";
  return fmt::format("NVML error {}", code);
}

template <class F>
bool find(void* library, const char* name, std::function<F>* f) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) return false;
  *f = reinterpret_cast<F*>(symbol);
  return true;
}

class NvmlMeter : public EnergyMeter {
 public:
  NvmlMeter(Nvml nvml, std::vector<Gpu> gpus) : nvml_(std::move(nvml)), gpus_(std::move(gpus)) {}
  ~NvmlMeter() override { nvml_.shutdown(); }

  Result<std::vector<EnergyPart>> read() override {
    std::vector<EnergyPart> parts;
    for (Gpu& g : gpus_) {
      unsigned long long mj = 0;
      int code = nvml_.total_energy_mj(g.device, &mj);
      if (code != 0) return error(Code::io_error, g.name + ": " + reason(code));
      if (mj < g.last_mj) return corrupt(g.name + ": the counter was reset");  // driver reloaded
      g.last_mj = mj;
      parts.push_back({g.name, static_cast<double>(mj - g.first_mj) * 1e-3, true});
    }
    return parts;
  }

 private:
  Nvml nvml_;
  std::vector<Gpu> gpus_;
};

std::string name_of(const Nvml& nvml, void* device, unsigned index) {
  char name[96] = {};
  bool ok = nvml.name(device, name, sizeof(name) - 1) == 0 && name[0] != 0;
  std::string text = fmt::format("gpu{}", index);
  if (!ok) return text;
  for (char* c = name; *c != 0; ++c) {
    if (*c < ' ' || *c > '~') *c = '?';
  }
  return text + " " + name;
}

}  // namespace

Result<Nvml> load_nvml(const char* library) {
  // Stays open: its threads may outlive any use of it.
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return error(Code::not_found, std::string(library) + ": not installed");
  Nvml n;
  bool all = find(handle, "nvmlInit_v2", &n.init) && find(handle, "nvmlShutdown", &n.shutdown) &&
             find(handle, "nvmlDeviceGetCount_v2", &n.count) &&
             find(handle, "nvmlDeviceGetHandleByIndex_v2", &n.device) &&
             find(handle, "nvmlDeviceGetName", &n.name) &&
             find(handle, "nvmlDeviceGetTotalEnergyConsumption", &n.total_energy_mj);
  if (!all) return error(Code::not_found, std::string(library) + ": lacks energy readings");
  return n;
}

std::optional<EnergySource> find_nvml(const Nvml& nvml) {
  EnergySource s;
  s.name = "NVML";
  s.coverage = "GPU boards with their memory; not the CPU";
  if (int code = nvml.init(); code != 0) {
    s.why = reason(code);
    return s;
  }
  unsigned n = 0;
  std::vector<Gpu> gpus;
  int code = nvml.count(&n);
  for (unsigned i = 0; code == 0 && i < n && i < 64; ++i) {
    Gpu g;
    unsigned long long mj = 0;
    if (nvml.device(i, &g.device) != 0) continue;
    g.name = name_of(nvml, g.device, i);
    int failed = nvml.total_energy_mj(g.device, &mj);
    if (failed != 0) {
      s.why = g.name + ": " + reason(failed);
      continue;
    }
    g.first_mj = g.last_mj = mj;
    gpus.push_back(std::move(g));
  }
  if (!gpus.empty()) {
    s.why.clear();
    s.meter = std::make_unique<NvmlMeter>(nvml, std::move(gpus));
    return s;
  }
  nvml.shutdown();
  if (code == 0 && n == 0) return std::nullopt;
  if (s.why.empty()) s.why = code == 0 ? "no GPU could be opened" : reason(code);
  return s;
}

}  // namespace hone::ship
