// ImageDecoder: a picture's file to its pixels.
#include "host/model/picture_plain.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

enum class Pixels { rgb, bgr, gray };
Result<Pixels> pixels_of(const Node& node) {
  const std::string format = node.attributes.s("pixel_format", "RGB");
  if (format == "RGB") return Pixels::rgb;
  if (format == "BGR") return Pixels::bgr;
  if (format == "Grayscale") return Pixels::gray;
  return invalid("pixel_format '" + format + "'");
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  if (t != DType::none && t != DType::u8) return invalid("the file's bytes are not u8");
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 1));
  HONE_ASSIGN(const Pixels format, pixels_of(ctx.node()));
  const Dim channels(format == Pixels::gray ? 1 : 3);
  ctx.set(0, DType::u8, {ctx.unknown(0, 0), ctx.unknown(0, 1), channels});
  return {};
}

// ITU-R BT.601 luma in 16 bits, as libjpeg and Pillow round it.
uint8_t luma(const uint8_t* p) {
  return static_cast<uint8_t>((p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16);
}

Status decode(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.dtype() != DType::u8 || x.rank() != 1) return invalid("the file is not u8[n]");
  HONE_ASSIGN(const Pixels format, pixels_of(ctx.node()));
  const std::string what = "the picture";
  auto decoded = model::decode_picture(x.raw_bytes(), what);
  if (decoded.code() == Code::unsupported) {
    auto plain = model::decode_plain_picture(x.raw_bytes(), what);
    if (!plain.ok() && plain.code() == Code::unsupported) {
      return unsupported("a picture that is neither JPEG, PNG, BMP nor PNM of a usual form");
    }
    decoded = std::move(plain);
  }
  if (!decoded.ok()) return decoded.status();
  const model::DecodedPicture& p = *decoded;
  const bool gray = format == Pixels::gray;
  Tensor y(DType::u8, {p.height, p.width, gray ? 1 : 3});
  const std::span<uint8_t> to = y.as_mutable<uint8_t>();
  const size_t count = static_cast<size_t>(p.width) * static_cast<size_t>(p.height);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* at = p.pixels.data() + i * static_cast<size_t>(p.channels);
    const uint8_t rgb[3] = {at[0], at[p.channels == 3 ? 1 : 0], at[p.channels == 3 ? 2 : 0]};
    if (gray) {
      to[i] = p.channels == 1 ? at[0] : luma(rgb);
    } else {
      for (size_t c = 0; c < 3; ++c) to[i * 3 + c] = rgb[format == Pixels::bgr ? 2 - c : c];
    }
  }
  ctx.set(0, std::move(y));
  return {};
}

constexpr AttrSpec attrs[] = {{"pixel_format", AttrType::s}};
const OpDef defs[] = {{"", "ImageDecoder", 20, 1, 1, 1, 1, attrs, infer, decode, no_flops}};

}  // namespace

std::span<const OpDef> image_decoder_defs() { return defs; }

}  // namespace hone::ops
