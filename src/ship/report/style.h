// The page's one style sheet and one script, inline: a report is one file.
#pragma once

namespace hone::ship::report {

extern const char* const style;

// Makes tables sortable. Well-formed XML as it stands: no ampersand, no "less than".
extern const char* const script;
// Its hash in the page's Content-Security-Policy, base64 of SHA-256: no other script runs. The
// test tests/report/test_report.py says the right one when the script was changed.
extern const char* const script_hash;

}  // namespace hone::ship::report
