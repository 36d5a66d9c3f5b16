// Engine files for tests, written field by field: unlike the host's writer it writes whatever it is
// told, nonsense above all.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/hash.h"
#include "common/tensor/dtype.h"
#include "common/wire/engine.h"
#include "engine_generated.h"

namespace hone::wire::testing {

// Exactly as many bytes as asked for, 64-byte aligned, so that sanitizers see one too many.
class FileBytes {
 public:
  explicit FileBytes(size_t size) : size_(size) {
    void* p = nullptr;
    if (posix_memalign(&p, 64, size == 0 ? 1 : size) != 0) std::abort();
    std::memset(p, 0, size);
    data_.reset(static_cast<std::byte*>(p));
  }
  explicit FileBytes(Bytes from) : FileBytes(from.size()) {
    if (!from.empty()) std::memcpy(data(), from.data(), from.size());
  }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  size_t size() const { return size_; }
  Bytes bytes() const { return {data_.get(), size_}; }
  Header& header() { return *reinterpret_cast<Header*>(data_.get()); }
  std::byte& operator[](size_t i) { return data_.get()[i]; }

  void seal() { header().checksum = hash64_with_hole(bytes(), checksum_offset, sizeof(uint64_t)); }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_;
};

struct ValueSpec {
  DType dtype = DType::f32;
  std::vector<int32_t> shape;  // indices of dims
  Place place = Place::arena;
  int32_t index = 0;
  int32_t offset = 0;  // dims[0] is 0
  std::optional<std::vector<int32_t>> strides;
  uint64_t weight_offset = 0, weight_bytes = 0;
};

struct PluginSpec {
  std::string domain, op;
  int32_t version = 1;
  uint16_t abi = 1;
};

struct StepSpec {
  StepKind kind = StepKind::kernel;
  std::string kernel;
  std::vector<int32_t> in, out, attrs, dims;
  int32_t then_steps = 0, else_steps = 0;
  std::optional<std::string> text;
  uint16_t version = 1;
  std::string layer;
  std::vector<uint8_t> blob = {};
  std::optional<PluginSpec> plugin = {};
};

struct IoSpec {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> sizes;  // -1: dynamic
  std::vector<int32_t> dims;   // outputs
  int32_t value = 0;
};

struct ChoiceSpec {
  int32_t step = 0;
  std::string kernel;
  uint16_t version = 1;
  std::vector<int32_t> in;
};

struct ProfileSpec {
  std::vector<Range> ranges;
  uint64_t arena_bytes = 0;
  std::vector<uint64_t> slot_offsets;
  std::vector<ChoiceSpec> choices = {};
  std::vector<int32_t> notes = {};  // steps
};

struct EngineSpec {
  std::vector<DimInstr> dims = {DimInstr(DimOp::constant, 0, 0, 0)};
  std::vector<std::pair<int32_t, std::string>> checks;
  std::vector<ValueSpec> values;
  std::vector<StepSpec> steps;
  std::vector<IoSpec> inputs, outputs;
  std::vector<ProfileSpec> profiles;
  std::vector<std::pair<int32_t, int32_t>> states;  // output, input
  std::vector<std::pair<std::string, std::string>> properties;
  int32_t slots = 0;
  uint32_t isa = mask(Isa::portable);
  std::vector<std::byte> weights;

  // Each returns the index of what it added.
  int32_t dim(DimOp op, int64_t a = 0, int64_t b = 0, int64_t value = 0) {
    dims.emplace_back(op, static_cast<int32_t>(a), static_cast<int32_t>(b), value);
    return static_cast<int32_t>(dims.size()) - 1;
  }
  int32_t size(int64_t value) { return dim(DimOp::constant, 0, 0, value); }
  std::vector<int32_t> sizes(const std::vector<int64_t>& values) {
    std::vector<int32_t> out;
    for (int64_t v : values) out.push_back(size(v));
    return out;
  }
  int32_t value(ValueSpec v) {
    values.push_back(std::move(v));
    return static_cast<int32_t>(values.size()) - 1;
  }
  int32_t arena(const std::vector<int32_t>& shape, int32_t slot, DType dtype = DType::f32) {
    slots = std::max(slots, slot + 1);
    return value({dtype, shape, Place::arena, slot, 0, {}, 0, 0});
  }
  // An input with its value; dynamic sizes (-1) become dimensions of the shape program.
  int32_t input(const std::string& name, const std::vector<int64_t>& wanted,
                DType dtype = DType::f32) {
    const auto index = static_cast<int32_t>(inputs.size());
    std::vector<int32_t> shape;
    for (size_t d = 0; d < wanted.size(); ++d) {
      shape.push_back(wanted[d] >= 0 ? size(wanted[d])
                                     : dim(DimOp::input_dim, index, static_cast<int64_t>(d)));
    }
    const int32_t v = value({dtype, shape, Place::input, index, 0, {}, 0, 0});
    inputs.push_back({name, dtype, wanted, {}, v});
    return v;
  }
  // An output of the shape `shape` (dims), with its value.
  int32_t output(const std::string& name, const std::vector<int32_t>& shape,
                 DType dtype = DType::f32) {
    const auto index = static_cast<int32_t>(outputs.size());
    const int32_t v = value({dtype, shape, Place::output, index, 0, {}, 0, 0});
    std::vector<int64_t> declared;
    for (int32_t d : shape) {
      const DimInstr& instr = dims[static_cast<size_t>(d)];
      declared.push_back(instr.op() == DimOp::constant ? instr.value() : -1);
    }
    outputs.push_back({name, dtype, declared, shape, v});
    return v;
  }
  template <class T>
  int32_t weight(const std::vector<T>& data, const std::vector<int64_t>& shape,
                 DType dtype = dtype_of<T>) {
    const size_t at = (weights.size() + 63) / 64 * 64;
    weights.resize(at + data.size() * sizeof(T));
    std::memcpy(weights.data() + at, data.data(), data.size() * sizeof(T));
    return value({dtype, sizes(shape), Place::weights, 0, 0, {}, at, data.size() * sizeof(T)});
  }
  StepSpec& step(const std::string& kernel, std::vector<int32_t> in, std::vector<int32_t> out,
                 std::vector<int32_t> attrs = {}, std::vector<int32_t> step_dims = {}) {
    StepSpec s;
    s.kernel = kernel;
    s.in = std::move(in);
    s.out = std::move(out);
    s.attrs = std::move(attrs);
    s.dims = std::move(step_dims);
    s.layer = "layer" + std::to_string(steps.size());
    steps.push_back(std::move(s));
    return steps.back();
  }
  void branch(int32_t condition, int32_t then_steps, int32_t else_steps) {
    StepSpec s;
    s.kind = StepKind::branch;
    s.in = {condition};
    s.then_steps = then_steps;
    s.else_steps = else_steps;
    steps.push_back(std::move(s));
  }
  void loop(int32_t trips, int32_t condition, int32_t counter, int32_t steps_inside) {
    StepSpec s;
    s.kind = StepKind::loop;
    s.in = {condition};
    s.out = {counter};
    s.dims = {trips};
    s.then_steps = steps_inside;
    steps.push_back(std::move(s));
  }
  void trap(const std::string& text) {
    StepSpec s;
    s.kind = StepKind::trap;
    s.text = text;
    steps.push_back(std::move(s));
  }

  // A plugin's kernel "domain::op/name".
  StepSpec& custom(const PluginSpec& plugin, const std::string& name, std::vector<int32_t> in,
                   std::vector<int32_t> out, std::vector<uint8_t> blob = {}) {
    StepSpec& s =
        step(plugin.domain + "::" + plugin.op + "/" + name, std::move(in), std::move(out));
    s.kind = StepKind::custom;
    s.plugin = plugin;
    s.blob = std::move(blob);
    return s;
  }

  FileBytes build() const;

 private:
  using Builder = flatbuffers::FlatBufferBuilder;
  flatbuffers::Offset<Value> write(Builder& b, const ValueSpec& v) const {
    const auto shape = b.CreateVector(v.shape);
    const auto strides = v.strides ? b.CreateVector(*v.strides) : 0;
    return CreateValue(b, 0, static_cast<uint8_t>(v.dtype), shape, strides, v.place, v.index,
                       v.offset, v.weight_offset, v.weight_bytes);
  }
  flatbuffers::Offset<Plugin> write(Builder& b, const PluginSpec& p) const {
    const auto domain = b.CreateString(p.domain), op = b.CreateString(p.op);
    return CreatePlugin(b, domain, op, p.version, p.abi);
  }
  flatbuffers::Offset<Step> write(Builder& b, const StepSpec& s) const {
    const auto kernel = s.kernel.empty() ? 0 : b.CreateString(s.kernel);
    const auto in = b.CreateVector(s.in), out = b.CreateVector(s.out);
    const auto attrs = b.CreateVector(s.attrs), step_dims = b.CreateVector(s.dims);
    const auto text = s.text ? b.CreateString(*s.text) : 0;
    const auto layer = b.CreateString(s.layer);
    const auto blob = s.blob.empty() ? 0 : b.CreateVector(s.blob);
    const auto plugin = s.plugin ? write(b, *s.plugin) : 0;
    return CreateStep(b, s.kind, kernel, s.version, in, out, attrs, step_dims, s.then_steps,
                      s.else_steps, text, blob, layer, 0, plugin);
  }
  flatbuffers::Offset<Io> write(Builder& b, const IoSpec& io) const {
    std::vector<flatbuffers::Offset<Dim>> shape;
    for (int64_t size : io.sizes) shape.push_back(CreateDim(b, size, b.CreateString("N")));
    const auto name = b.CreateString(io.name);
    const auto shape_vector = b.CreateVector(shape);
    return CreateIo(b, name, static_cast<uint8_t>(io.dtype), shape_vector, b.CreateVector(io.dims),
                    io.value);
  }
  flatbuffers::Offset<Profile> write(Builder& b, const ProfileSpec& p) const {
    const auto ranges = b.CreateVectorOfStructs(p.ranges);
    const auto offsets = b.CreateVector(p.slot_offsets);
    std::vector<flatbuffers::Offset<Choice>> choices;
    for (const ChoiceSpec& c : p.choices) {
      const auto kernel = b.CreateString(c.kernel);
      choices.push_back(CreateChoice(b, c.step, kernel, c.version, b.CreateVector(c.in)));
    }
    const auto choice_vector = choices.empty() ? 0 : b.CreateVector(choices);
    std::vector<flatbuffers::Offset<StepNote>> notes;
    for (int32_t step : p.notes) notes.push_back(CreateStepNote(b, step, 1.0));
    const auto note_vector = notes.empty() ? 0 : b.CreateVector(notes);
    return CreateProfile(b, ranges, p.arena_bytes, offsets, choice_vector, note_vector);
  }
  template <class Spec>
  auto write_all(Builder& b, const std::vector<Spec>& specs) const {
    std::vector<decltype(write(b, specs[0]))> all;
    for (const Spec& s : specs) all.push_back(write(b, s));
    return b.CreateVector(all);
  }
  flatbuffers::Offset<EngineMeta> write_meta(Builder& b) const;
};

inline flatbuffers::Offset<EngineMeta> EngineSpec::write_meta(Builder& b) const {
  const auto producer = b.CreateString("test");
  const auto model = b.CreateString("tiny");
  const auto in = write_all(b, inputs), out = write_all(b, outputs);
  const auto value_vector = write_all(b, values);
  const auto step_vector = write_all(b, steps);
  const auto profile_vector = write_all(b, profiles);
  std::vector<flatbuffers::Offset<DimCheck>> check_offsets;
  for (const auto& [dim, text] : checks) {
    check_offsets.push_back(CreateDimCheck(b, dim, b.CreateString(text)));
  }
  std::vector<flatbuffers::Offset<StateAlias>> state_offsets;
  for (const auto& [o, i] : states) state_offsets.push_back(CreateStateAlias(b, o, i));
  std::vector<flatbuffers::Offset<Property>> property_offsets;
  for (const auto& [key, text] : properties) {
    const auto key_string = b.CreateString(key);
    property_offsets.push_back(CreateProperty(b, key_string, b.CreateString(text)));
  }
  const auto dim_vector = b.CreateVectorOfStructs(dims);
  const auto check_vector = b.CreateVector(check_offsets);
  const auto state_vector = b.CreateVector(state_offsets);
  const auto property_vector = b.CreateVector(property_offsets);
  EngineMetaBuilder m(b);
  m.add_producer(producer);
  m.add_model_name(model);
  m.add_threads(1);
  m.add_slots(slots);
  m.add_inputs(in);
  m.add_outputs(out);
  m.add_dims(dim_vector);
  m.add_checks(check_vector);
  m.add_values(value_vector);
  m.add_steps(step_vector);
  m.add_profiles(profile_vector);
  m.add_states(state_vector);
  m.add_properties(property_vector);
  return m.Finish();
}

inline FileBytes EngineSpec::build() const {
  Builder b;
  FinishEngineMetaBuffer(b, write_meta(b));
  const uint64_t meta_end = sizeof(Header) + b.GetSize();
  const uint64_t weights_at = (meta_end + section_align - 1) / section_align * section_align;
  FileBytes file(weights_at + weights.size());
  Header& h = file.header();
  std::memcpy(h.magic, magic, sizeof(magic));
  h.version_major = version_major;
  h.version_minor = version_minor;
  h.isa = isa;
  h.file_bytes = file.size();
  h.meta_offset = sizeof(Header);
  h.meta_bytes = b.GetSize();
  h.weights_offset = weights_at;
  h.weights_bytes = weights.size();
  std::memcpy(file.data() + sizeof(Header), b.GetBufferPointer(), b.GetSize());
  if (!weights.empty()) std::memcpy(file.data() + weights_at, weights.data(), weights.size());
  file.seal();
  return file;
}

}  // namespace hone::wire::testing
