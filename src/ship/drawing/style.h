// The page's own style sheet, after the report's, and its script.
#pragma once

namespace hone::ship::drawing {

extern const char* const style;
// Well-formed XML as it stands: no ampersand, no "less than".
extern const char* const script;
// base64 of its SHA-256, for the page's policy; tests/report/test_drawing.py says the right one.
extern const char* const script_hash;

}  // namespace hone::ship::drawing
