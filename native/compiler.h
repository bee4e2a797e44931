// What compilers call differently.
#ifndef ARTEM_COMPILER_H
#define ARTEM_COMPILER_H

#if defined(__clang__)
#define ARTEM_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define ARTEM_UNROLL _Pragma("GCC unroll 16")
#else
#define ARTEM_UNROLL
#endif

#if defined(_MSC_VER)
#define ARTEM_RESTRICT __restrict
#else
#define ARTEM_RESTRICT __restrict__
#endif

#endif
