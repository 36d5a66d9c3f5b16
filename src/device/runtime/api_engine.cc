// The C interface: library, pools, engines. Arguments are checked here, work is done elsewhere.
#include <cstring>

#include "common/base/version.h"
#include "common/tensor/dtype.h"
#include "common/wire/vectors.h"
#include "device/runtime/loaded_engine.h"
#include "device/runtime/pool.h"
#include "device/runtime/structs.h"
#include "engine_generated.h"

using hone::Code;
using hone::DType;
using hone::FixedText;
using hone::device::error;
using hone::device::Status;
using hone::wire::size_of;
namespace runtime = hone::runtime;
namespace wire = hone::wire;

namespace {

const char* text_of(const flatbuffers::String* s) { return s == nullptr ? "" : s->c_str(); }
hone_status code(const Status& s) { return static_cast<hone_status>(s.code()); }

int32_t find(const flatbuffers::Vector<flatbuffers::Offset<wire::Io>>* ios, const char* name) {
  for (uint32_t i = 0; name != nullptr && i < size_of(ios); ++i) {
    if (std::strcmp(ios->Get(i)->name()->c_str(), name) == 0) return static_cast<int32_t>(i);
  }
  return -1;
}

hone_status describe(const hone_engine* e, bool is_input, int32_t index, hone_tensor_info* info) {
  if (e == nullptr) return HONE_INVALID_ARGUMENT;
  const auto* ios = is_input ? e->meta().inputs() : e->meta().outputs();
  if (index < 0 || static_cast<uint32_t>(index) >= size_of(ios)) return HONE_NOT_FOUND;
  const wire::Io& io = *ios->Get(static_cast<uint32_t>(index));
  hone_tensor_info full = {};
  full.name = io.name()->c_str();
  full.dtype = io.dtype();
  full.rank = static_cast<int32_t>(size_of(io.shape()));
  for (uint32_t d = 0; d < size_of(io.shape()); ++d) {
    const wire::Dim& dim = *io.shape()->Get(d);
    full.dims[d] = dim.size();
    full.opt[d] = dim.size() >= 0 ? dim.size() : dim.opt();
    full.symbols[d] = dim.symbol() == nullptr ? nullptr : dim.symbol()->c_str();
  }
  for (uint32_t i = 0; is_input && e->has_data && i < size_of(e->meta().dims()); ++i) {
    const wire::DimInstr& d = *e->meta().dims()->Get(i);
    if (d.op() != wire::DimOp::data) continue;
    const wire::Value& v = *e->meta().values()->Get(static_cast<uint32_t>(d.a()));
    if (v.place() == wire::Place::input && v.index() == index) full.shape_values = 1;
  }
  for (uint32_t i = 0; i < size_of(e->meta().states()); ++i) {
    const wire::StateAlias& a = *e->meta().states()->Get(i);
    if ((is_input ? a.input() : a.output()) == index) full.state = 1;
  }
  return code(runtime::write_struct(full, "hone_tensor_info", info));
}

void log_loaded(const hone_engine& e) {
  if (e.log == nullptr) return;
  FixedText text("loaded engine '");
  text << text_of(e.meta().model_name()) << "': " << e.step_count << " steps, "
       << static_cast<uint64_t>(e.file.weights().size()) << " bytes of weights";
  e.log(e.log_user, HONE_LOG_INFO, text.c_str());
}

// What load_file and load_memory have in common once the options are read.
hone_status finish_load(hone::device::Result<hone_engine*> loaded, const hone_load_options& o,
                        hone_engine** out) {
  if (!loaded.ok()) {
    if (o.log != nullptr) o.log(o.log_user, HONE_LOG_ERROR, loaded.status().text().c_str());
    return runtime::report(loaded.status(), o.error_text, o.error_text_bytes);
  }
  *out = *loaded;
  log_loaded(**out);
  return HONE_OK;
}

}  // namespace

int32_t hone_api_version(void) { return HONE_API_VERSION; }
const char* hone_version(void) { return hone::version; }
const char* hone_status_name(hone_status status) { return name(static_cast<Code>(status)); }
const char* hone_dtype_name(int32_t dtype) {
  return dtype < 0 || dtype >= hone::dtype_count ? "invalid" : name(static_cast<DType>(dtype));
}

hone_status hone_pool_create(const hone_pool_options* options, hone_pool** out) {
  if (out == nullptr) return HONE_INVALID_ARGUMENT;
  *out = nullptr;
  hone_pool_options o;
  const Status read = runtime::read_struct(options, "hone_pool_options", &o);
  if (!read.ok()) return code(read);
  auto pool = runtime::create_pool(o);
  if (!pool.ok()) return runtime::report(pool.status(), o.error_text, o.error_text_bytes);
  *out = *pool;
  return HONE_OK;
}

void hone_pool_free(hone_pool* pool) {
  if (pool != nullptr) runtime::release(pool);
}

int32_t hone_pool_threads(const hone_pool* pool) { return pool == nullptr ? 1 : pool->threads; }

hone_status hone_load_file(const char* path, const hone_load_options* options, hone_engine** out) {
  if (out == nullptr) return HONE_INVALID_ARGUMENT;
  *out = nullptr;
  hone_load_options o;
  const Status read = runtime::read_struct(options, "hone_load_options", &o);
  if (!read.ok()) return code(read);
  if (path == nullptr) {
    return runtime::report(error(Code::invalid_argument, "no path given"), o.error_text,
                           o.error_text_bytes);
  }
  return finish_load(runtime::load_file(path, o), o, out);
}

hone_status hone_load_memory(const void* bytes, size_t size, const hone_load_options* options,
                             hone_engine** out) {
  if (out == nullptr) return HONE_INVALID_ARGUMENT;
  *out = nullptr;
  hone_load_options o;
  const Status read = runtime::read_struct(options, "hone_load_options", &o);
  if (!read.ok()) return code(read);
  if (bytes == nullptr && size > 0) {
    return runtime::report(error(Code::invalid_argument, "no bytes given"), o.error_text,
                           o.error_text_bytes);
  }
  const hone::Bytes span{static_cast<const std::byte*>(bytes), size};
  return finish_load(runtime::load_memory(span, o), o, out);
}

void hone_engine_free(hone_engine* engine) {
  if (engine != nullptr) runtime::release(engine);
}

hone_status hone_engine_get_info(const hone_engine* e, hone_engine_info* info) {
  if (e == nullptr) return HONE_INVALID_ARGUMENT;
  const wire::EngineMeta& m = e->meta();
  hone_engine_info full = {};
  full.producer = text_of(m.producer());
  full.model_name = text_of(m.model_name());
  full.precision = text_of(m.precision());
  full.target_cpu = text_of(m.target_cpu());
  full.model_hash = m.model_hash();
  full.file_bytes = e->file.header().file_bytes;
  full.weights_bytes = e->file.header().weights_bytes;
  full.format_major = e->file.header().version_major;
  full.format_minor = e->file.header().version_minor;
  full.inputs = static_cast<int32_t>(size_of(m.inputs()));
  full.outputs = static_cast<int32_t>(size_of(m.outputs()));
  full.profiles = static_cast<int32_t>(size_of(m.profiles()));
  full.steps = static_cast<int32_t>(e->step_count);
  full.threads = m.threads();
  for (uint32_t i = 0; i < size_of(m.inputs()); ++i) {
    const auto* shape = m.inputs()->Get(i)->shape();
    for (uint32_t d = 0; d < size_of(shape); ++d) {
      if (shape->Get(d)->size() < 0) full.dynamic = 1;
    }
  }
  return code(runtime::write_struct(full, "hone_engine_info", info));
}

hone_status hone_engine_input(const hone_engine* e, int32_t index, hone_tensor_info* info) {
  return describe(e, true, index, info);
}
hone_status hone_engine_output(const hone_engine* e, int32_t index, hone_tensor_info* info) {
  return describe(e, false, index, info);
}

int32_t hone_engine_find_input(const hone_engine* e, const char* name) {
  return e == nullptr ? -1 : find(e->meta().inputs(), name);
}
int32_t hone_engine_find_output(const hone_engine* e, const char* name) {
  return e == nullptr ? -1 : find(e->meta().outputs(), name);
}

hone_status hone_engine_profile_range(const hone_engine* e, int32_t profile, int32_t input,
                                      int32_t dim, int64_t* min, int64_t* opt, int64_t* max) {
  if (e == nullptr || min == nullptr || opt == nullptr || max == nullptr) {
    return HONE_INVALID_ARGUMENT;
  }
  const wire::EngineMeta& m = e->meta();
  if (profile < 0 || static_cast<uint32_t>(profile) >= size_of(m.profiles()) || input < 0 ||
      static_cast<uint32_t>(input) >= size_of(m.inputs()) || dim < 0) {
    return HONE_NOT_FOUND;
  }
  const auto wanted_input = static_cast<uint32_t>(input), wanted_dim = static_cast<uint32_t>(dim);
  const auto* ranges = m.profiles()->Get(static_cast<uint32_t>(profile))->ranges();
  if (size_of(ranges) == 0) return HONE_NOT_FOUND;
  if (wanted_dim >= size_of(m.inputs()->Get(wanted_input)->shape())) return HONE_NOT_FOUND;
  uint32_t at = wanted_dim;
  for (uint32_t i = 0; i < wanted_input; ++i) at += size_of(m.inputs()->Get(i)->shape());
  const wire::Range& r = *ranges->Get(at);
  *min = r.min();
  *opt = r.opt();
  *max = r.max();
  return HONE_OK;
}

const char* hone_engine_property(const hone_engine* e, const char* key) {
  if (e == nullptr || key == nullptr) return nullptr;
  const auto* properties = e->meta().properties();
  for (uint32_t i = 0; i < size_of(properties); ++i) {
    const wire::Property& p = *properties->Get(i);
    if (std::strcmp(p.key()->c_str(), key) == 0) return text_of(p.text());
  }
  return nullptr;
}

hone_status hone_engine_refit(hone_engine* e, const char* weight, const hone_buffer* data,
                              char* text, size_t text_bytes) {
  if (e == nullptr || weight == nullptr || data == nullptr) return HONE_INVALID_ARGUMENT;
  return runtime::report(
      error(Code::unsupported, "this version of Hone cannot replace weights: rebuild the engine"),
      text, text_bytes);
}

hone_status hone_engine_add_plugin(hone_engine* e, const hone_plugin* plugin, char* text,
                                   size_t text_bytes) {
  if (e == nullptr || plugin == nullptr) return HONE_INVALID_ARGUMENT;
  return runtime::report(error(Code::unsupported,
                               "plugins are given when the engine is loaded: "
                               "hone_load_options.plugins"),
                         text, text_bytes);
}
