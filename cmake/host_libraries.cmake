# Libraries of the host groups; nothing here may reach the device groups. Header-only ones that
# live in the system's include folder (protozero, toml++, Boost.Math, Highway, xxHash,
# FlatBuffers) need no line.

find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(spng REQUIRED IMPORTED_TARGET spng)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
# As a library alone: its flags would be every file's.
pkg_check_modules(re2 REQUIRED re2)
pkg_check_modules(icu REQUIRED IMPORTED_TARGET icu-uc)

add_library(hone_host_libraries INTERFACE)
target_link_libraries(hone_host_libraries INTERFACE
  fmt::fmt nlohmann_json::nlohmann_json ZLIB::ZLIB PkgConfig::spng PkgConfig::turbojpeg
  PkgConfig::icu ${re2_LINK_LIBRARIES} Threads::Threads)
# Debian also ships toml++ as a shared library; header-only spares the run-time dependency.
target_compile_definitions(hone_host_libraries INTERFACE TOML_HEADER_ONLY=1)

pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(pugixml REQUIRED IMPORTED_TARGET pugixml)
pkg_check_modules(cbc REQUIRED IMPORTED_TARGET cbc)
add_library(hone_ship_libraries INTERFACE)
target_link_libraries(hone_ship_libraries INTERFACE PkgConfig::sqlite3 PkgConfig::pugixml PkgConfig::cbc)

add_library(hone_cli_libraries INTERFACE)
target_link_libraries(hone_cli_libraries INTERFACE CLI11::CLI11)
