#include "ship/project/model_inputs.h"

#include <fmt/format.h>

#include "ship/project/picture.h"

namespace hone::ship {

namespace {

using tasks::text::Encoding;
using tasks::text::Tokenizer;

std::shared_ptr<const Tokenizer> shared(Tokenizer t) {
  return std::make_shared<const Tokenizer>(std::move(t));
}

Result<Tensor> text_input(const TextInput& spec, const Tokenizer& tokenizer, DType dtype,
                          const std::string& text) {
  tasks::text::EncodeOptions options;
  options.max_length = spec.max_length;
  options.pad = spec.pad;
  HONE_ASSIGN(Encoding e, tokenizer.encode(text, options));
  const std::vector<int32_t>& values = spec.part == TextInput::Part::ids    ? e.ids
                                       : spec.part == TextInput::Part::mask ? e.attention_mask
                                                                            : e.type_ids;
  Tensor t(dtype, {1, static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) t.set(static_cast<int64_t>(i), values[i]);
  return t;
}

// The input's dimensions for `count` elements of what the data hold, said as `held`.
Result<Dims> dims_for(const InputForm& form, int64_t count, const std::string& held) {
  Dims dims = form.dims;
  int64_t fixed = 1, open = 0;
  for (int64_t d : dims) d < 0 ? ++open : fixed *= d;
  // A first dimension that is dynamic is the batch.
  if (open == 1 && dims[0] < 0) dims[0] = 1, open = 0;
  if (open == 0 && fixed == count) return dims;
  return Status(Code::shape_mismatch,
                fmt::format("input '{}' takes {}, {}", form.name, to_string(form.dims), held));
}

Result<Tensor> audio_input(const preprocess::MfccContract& k, const InputForm& form,
                           const tasks::Sound& sound) {
  if (sound.rate != k.sample_rate) {
    return Status(
        Code::shape_mismatch,
        fmt::format("input '{}' takes sound of {} Hz, the data hold {}", form.name, k.sample_rate,
                    sound.rate == 0 ? "none" : fmt::format("{} Hz", sound.rate)));
  }
  const DType type = k.type == preprocess::PixelType::s8 ? DType::i8 : DType::f32;
  const int64_t frames = k.frames();
  HONE_ASSIGN(Dims dims, dims_for(form, frames * k.coefficients,
                                  fmt::format("its MFCC are {} x {}", frames, k.coefficients)));
  if (form.dtype != type) {
    return Status(Code::shape_mismatch, fmt::format("input '{}' takes {}, its MFCC are {}",
                                                    form.name, name(form.dtype), name(type)));
  }
  Tensor t(type, dims);
  std::vector<uint8_t> scratch(static_cast<size_t>(preprocess::mfcc_scratch_bytes(k)));
  auto s =
      preprocess::mfcc(k, sound.samples.data(), static_cast<int64_t>(sound.samples.size()),
                       t.mutable_data(), {scratch.data(), static_cast<int64_t>(scratch.size())});
  if (!s.ok()) return Status(s.code(), s.text().c_str());
  return t;
}

// The stored elements in the input's type and dims: (x - zero) scale in f32 where that is asked
// for, as DequantizeLinear; else they must be of the type already.
Result<Tensor> tensor_input(const TensorInput& spec, const InputForm& form, const Tensor& stored) {
  if (!stored) {
    return Status(Code::not_found,
                  fmt::format("the data hold no tensor for input '{}'", form.name));
  }
  HONE_ASSIGN(Dims dims, dims_for(form, stored.count(),
                                  fmt::format("the data hold {}", to_string(stored.dims()))));
  if (!spec.converts) {
    if (stored.dtype() == form.dtype) return stored.reshaped(dims);
    return Status(Code::shape_mismatch,
                  fmt::format("input '{}' takes {}, the data hold {}; 'zero' and 'scale' convert",
                              form.name, name(form.dtype), name(stored.dtype())));
  }
  Tensor t(form.dtype, dims);
  for (int64_t i = 0; i < t.count(); ++i) {
    const auto x = static_cast<float>(stored.at(i));
    t.set(i, static_cast<double>((x - spec.zero) * spec.scale));
  }
  return t;
}

// The sample's tensor for this input; none where the data have no such.
const Tensor& stored(const tasks::Sample& sample, const std::string& input) {
  static const Tensor none;
  auto it = sample.tensors.find(input);
  if (it == sample.tensors.end()) it = sample.tensors.find("");
  return it == sample.tensors.end() ? none : it->second;
}

}  // namespace

std::vector<InputForm> input_forms(const Session& session) {
  std::vector<InputForm> forms;
  for (const IoInfo& i : session.inputs()) forms.push_back({i.name, i.dtype, i.dims});
  return forms;
}

std::vector<InputForm> input_forms(const graph::Graph& graph) {
  std::vector<InputForm> forms;
  for (graph::ValueId v : graph.block().inputs) {
    InputForm form{graph.value(v).name, graph.fact(v).dtype, {}};
    if (graph.fact(v).has_rank()) {
      for (const graph::Dim& d : *graph.fact(v).shape)
        form.dims.push_back(d.const_value().value_or(-1));
    }
    forms.push_back(std::move(form));
  }
  return forms;
}

Result<ModelInputs> ModelInputs::make(const ModelSpec& model, std::vector<InputForm> forms) {
  ModelInputs m;
  std::map<std::pair<std::string, bool>, std::shared_ptr<const Tokenizer>> tokenizers;
  for (InputForm& form : forms) {
    const InputSpec* spec = nullptr;
    for (const InputSpec& i : model.inputs) {
      if (i.name == form.name) spec = &i;
    }
    if (spec == nullptr) {
      return unsupported(fmt::format("hone.toml does not say how input '{}' is made", form.name));
    }
    std::shared_ptr<const Tokenizer> tokenizer;
    if (spec->kind == InputSpec::Kind::text) {
      auto& known = tokenizers[{spec->text.tokenizer, spec->text.lower_case}];
      if (known == nullptr) {
        HONE_ASSIGN(Tokenizer t,
                    Tokenizer::load(spec->text.tokenizer, {spec->text.lower_case, std::nullopt}));
        known = shared(std::move(t));
      }
      tokenizer = known;
    }
    m.inputs_.push_back({std::move(form), spec, std::move(tokenizer)});
  }
  return m;
}

Result<std::vector<Tensor>> ModelInputs::of(const tasks::Sample& sample) const {
  std::vector<Tensor> out;
  for (const Made& i : inputs_) {
    Result<Tensor> x = [&]() -> Result<Tensor> {
      switch (i.spec->kind) {
        case InputSpec::Kind::text:
          return text_input(i.spec->text, *i.tokenizer, i.form.dtype, sample.text);
        case InputSpec::Kind::tensor:
          return tensor_input(i.spec->tensor, i.form, stored(sample, i.form.name));
        case InputSpec::Kind::audio: return audio_input(i.spec->audio, i.form, sample.sound);
        case InputSpec::Kind::image: break;
      }
      return to_input(i.spec->image, view_of(sample.picture));
    }();
    if (!x.ok()) return x.status();
    out.push_back(std::move(*x));
  }
  return out;
}

tasks::Geometry ModelInputs::geometry(const tasks::Sample& sample) const {
  tasks::Geometry g;
  g.picture_width = sample.picture.width, g.picture_height = sample.picture.height;
  for (const Made& i : inputs_) {
    if (i.spec->kind != InputSpec::Kind::image) continue;
    auto p = preprocess::placement(i.spec->image, g.picture_width, g.picture_height);
    if (!p.ok()) continue;
    g.left = p->x, g.top = p->y, g.scale_x = p->scale_x, g.scale_y = p->scale_y;
    return g;
  }
  return g;
}

}  // namespace hone::ship
