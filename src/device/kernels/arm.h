// Rows of the tables for 64-bit Arm. They stand in the tables of every architecture, so that
// engines for Arm are planned and packed on any machine; what they run is there on Arm alone.
// Nothing asks for it elsewhere: kernels are run where Target and CPU have their level.
#pragma once

#if defined(__aarch64__)
#define HONE_ON_ARM(...) __VA_ARGS__
#else
#define HONE_ON_ARM(...) nullptr
#endif
