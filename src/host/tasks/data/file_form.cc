#include "host/tasks/data/file_form.h"

#include <fmt/format.h>

#include <cstring>

#include "device/preprocess/preprocess.h"
#include "host/model/files.h"
#include "host/plan/profile_text.h"

namespace hone::tasks {

namespace {

using Kind = FileForm::Kind;

bool set_type(const std::string& type, FileForm* form) {
  if (type == "wav") return form->kind = Kind::sound, true;
  if (type == "nv12" || type == "rgb" || type == "gray") {
    form->kind = Kind::pixels;
    form->nv12 = type == "nv12";
    form->channels = type == "gray" ? 1 : 3;
    return true;
  }
  form->kind = Kind::tensor;
  for (DType t : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f32}) {
    if (type == name(t)) form->dtype = t;
  }
  return form->dtype != DType::none;
}

Status check_pixels(const FileForm& form, const std::string& shape) {
  const auto is_side = [](int64_t d) { return d >= 1 && d <= preprocess::max_side; };
  if (form.dims.size() != 2 || !is_side(form.dims[0]) || !is_side(form.dims[1])) {
    return invalid(fmt::format("shape \"{}\" of pixels is not \"HEIGHTxWIDTH\"", shape));
  }
  if (form.nv12 && (form.dims[0] % 2 != 0 || form.dims[1] % 2 != 0)) {
    return invalid(fmt::format("shape \"{}\" of nv12: both sides are even", shape));
  }
  if (form.dims[0] * form.dims[1] > max_pixels) {
    return invalid(fmt::format("shape \"{}\": over {} pixels", shape, max_pixels));
  }
  return {};
}

int64_t bytes_of(const FileForm& form) {
  if (form.kind == Kind::tensor) return byte_size(form.dtype, element_count(form.dims));
  const int64_t pixels = form.dims[0] * form.dims[1];
  return form.nv12 ? pixels + pixels / 2 : pixels * form.channels;
}

}  // namespace

Result<FileForm> file_form(const DataSpec& spec) {
  FileForm form;
  const std::string &type = spec.at("type"), &shape = spec.at("shape");
  if (type.empty() && shape.empty()) return form;
  if (!type.empty() && !set_type(type, &form)) {
    return invalid(
        fmt::format("type \"{}\" is not known; known: wav, nv12, rgb, gray, u8, i8, i16, i32, "
                    "i64, f32",
                    type));
  }
  if (form.kind == Kind::sound) {
    if (shape.empty()) return form;
    return invalid("a WAV file says how long it is; type \"wav\" takes no 'shape'");
  }
  if (type.empty() || shape.empty()) {
    return invalid(
        "'type' and 'shape' go together, as \"i8\" and \"49x10\", \"nv12\" and \"480x640\"");
  }
  auto dims = plan::parse_dims(shape);
  if (!dims.ok()) return in("shape \"" + shape + "\"", dims.status());
  form.dims = std::move(*dims);
  if (form.kind == Kind::pixels) HONE_RETURN_IF_ERROR(check_pixels(form, shape));
  return form;
}

Status read_file(const FileForm& form, const std::string& path, Sample* sample) {
  if (form.kind == Kind::picture) {
    HONE_ASSIGN(sample->picture, read_picture(path));
    return {};
  }
  if (form.kind == Kind::sound) {
    HONE_ASSIGN(sample->sound, read_sound(path));
    return {};
  }
  HONE_ASSIGN(MappedFile file, map_file(path));
  if (static_cast<int64_t>(file.bytes.size()) != bytes_of(form)) {
    const std::string what = form.kind == Kind::tensor ? name(form.dtype)
                             : form.nv12               ? "nv12"
                             : form.channels == 1      ? "gray"
                                                       : "rgb";
    return Status(Code::shape_mismatch,
                  fmt::format("{}: {} bytes, {} {} takes {}", path, file.bytes.size(), what,
                              to_string(form.dims), bytes_of(form)));
  }
  if (form.kind == Kind::tensor) {
    Tensor t(form.dtype, form.dims);
    if (t.bytes() > 0) std::memcpy(t.mutable_data(), file.bytes.data(), file.bytes.size());
    sample->tensors[""] = std::move(t);
    return {};
  }
  DecodedPicture& p = sample->picture;
  p.height = static_cast<int32_t>(form.dims[0]), p.width = static_cast<int32_t>(form.dims[1]);
  p.channels = form.channels, p.nv12 = form.nv12;
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.bytes.data());
  p.pixels.assign(bytes, bytes + file.bytes.size());
  return {};
}

}  // namespace hone::tasks
