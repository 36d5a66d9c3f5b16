// Pictures that no library is needed for: BMP without compression, and PNM (P5, P6).
#pragma once

#include "host/model/picture_file.h"

namespace hone::model {

// BMP of 24 or 32 bits a pixel (the fourth byte is dropped); binary PNM of 8 bits a channel. 1 or 3
// channels. Errors: corrupt (truncated), unsupported (another form of them, neither of them, too
// large).
Result<DecodedPicture> decode_plain_picture(Bytes bytes, const std::string& what);

}  // namespace hone::model
