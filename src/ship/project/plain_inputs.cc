// [model.NAME.input.INPUT] of inputs that are no pictures: text through a tokenizer, tensors as the
// data store them, sound as MFCC.
#include "host/tasks/text/tokenizer.h"
#include "ship/project/toml_reader.h"

namespace hone::ship {

Status read_text_input(const TomlReader& r, const toml::table& t, TextInput* out) {
  HONE_RETURN_IF_ERROR(r.only(t, "an input of text",
                              {"kind", "tokenizer", "part", "max_length", "pad", "lower_case"}));
  size_t part = 0;
  HONE_RETURN_IF_ERROR(r.path(t, "tokenizer", &out->tokenizer, true));
  HONE_RETURN_IF_ERROR(r.word(t, "part", {"ids", "mask", "types"}, &part));
  out->part = static_cast<TextInput::Part>(part);
  HONE_RETURN_IF_ERROR(r.get(t, "max_length", "a whole number", &out->max_length));
  if (out->max_length < 0 || out->max_length > tasks::text::max_encoding_length) {
    return r.fail(*t.get("max_length"),
                  fmt::format("'max_length' must be 0 to {}", tasks::text::max_encoding_length));
  }
  HONE_RETURN_IF_ERROR(r.get(t, "pad", "true or false", &out->pad));
  if (out->pad && out->max_length == 0) {
    return r.fail(*t.get("pad"), "'pad' needs 'max_length', the length to fill up to");
  }
  return r.get(t, "lower_case", "true or false", &out->lower_case);
}

Status read_tensor_input(const TomlReader& r, const toml::table& t, TensorInput* out) {
  HONE_RETURN_IF_ERROR(r.only(t, "an input of a tensor", {"kind", "zero", "scale"}));
  double zero = 0, scale = 1;
  for (auto [key, value] : {std::pair("zero", &zero), {"scale", &scale}}) {
    HONE_RETURN_IF_ERROR(r.get(t, key, "a number", value));
    if (!r.fits(*value)) return r.fail(*t.get(key), fmt::format("'{}' must be a number", key));
  }
  out->converts = t.contains("zero") || t.contains("scale");
  out->zero = static_cast<float>(zero);
  out->scale = static_cast<float>(scale);
  return {};
}

Status read_audio_input(const TomlReader& r, const toml::table& t, preprocess::MfccContract* out) {
  HONE_RETURN_IF_ERROR(
      r.only(t, "an input of sound",
             {"kind", "sample_rate", "samples", "window", "stride", "filters", "coefficients",
              "low_hz", "high_hz", "type", "scale", "zero_point"}));
  using preprocess::PixelType;
  preprocess::MfccContract& k = *out;
  for (auto [key, value] : {std::pair("sample_rate", &k.sample_rate),
                            {"samples", &k.samples},
                            {"window", &k.window},
                            {"stride", &k.stride},
                            {"filters", &k.filters},
                            {"coefficients", &k.coefficients},
                            {"zero_point", &k.zero_point}}) {
    HONE_RETURN_IF_ERROR(r.get(t, key, "a whole number", value));
  }
  for (auto [key, value] :
       {std::pair("low_hz", &k.low_hz), {"high_hz", &k.high_hz}, {"scale", &k.scale}}) {
    HONE_RETURN_IF_ERROR(r.get(t, key, "a number", value));
  }
  size_t type = 0;
  HONE_RETURN_IF_ERROR(r.word(t, "type", {"f32", "s8"}, &type));
  k.type = type == 0 ? PixelType::f32 : PixelType::s8;
  for (const char* key : {"scale", "zero_point"}) {
    if (t.contains(key) && type == 0) {
      return r.fail(*t.get(key), fmt::format("'{}' is for type = \"s8\"", key));
    }
  }
  if (preprocess::mfcc_scratch_bytes(k) > 0) return {};
  return r.fail(t,
                "no features can be made so: 'window' must fit 'samples', 'coefficients' "
                "'filters', 0 <= 'low_hz' < 'high_hz' <= half of 'sample_rate', 'scale' > 0");
}

}  // namespace hone::ship
