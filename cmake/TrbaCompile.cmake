# SPDX-License-Identifier: Apache-2.0
# TrbaCompile.cmake - the flags of everything that is compiled here, as the target trba_flags.
#
#   C11 without extensions, POSIX 2008; warnings; hardening; sanitizers on request.
#   -ffp-contract=off: a*b+c must not turn into a fused operation on some compiler only; kernels ask for FMA explicitly.
#   -fexcess-precision=fast: GCC on s390x would otherwise compute float expressions in double, as C11 lets it.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C) # else the programs are compiled as PIE, but whether they are linked so is left open

add_library(trba_flags INTERFACE)
target_compile_definitions(trba_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_compile_options(trba_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
    -ffp-contract=off
    -fstack-protector-strong)
include(CheckCCompilerFlag)
check_c_compiler_flag("-Werror -fexcess-precision=fast" TRBA_HAVE_EXCESS_PRECISION_FLAG)
if(TRBA_HAVE_EXCESS_PRECISION_FLAG)
    target_compile_options(trba_flags INTERFACE -fexcess-precision=fast)
endif()
target_link_options(trba_flags INTERFACE "LINKER:-z,relro,-z,now,-z,noexecstack" "LINKER:--as-needed")

# glibc's checked string functions need an optimising build, and get in the way of the sanitizers' own checks.
if(NOT TRBA_SANITIZE)
    target_compile_options(trba_flags INTERFACE
        "$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
    target_link_options(trba_flags INTERFACE "LINKER:--no-undefined")
endif()
if(TRBA_WERROR)
    target_compile_options(trba_flags INTERFACE -Werror)
endif()
if(TRBA_SANITIZE)
    set(sanitize -fsanitize=${TRBA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(trba_flags INTERFACE ${sanitize})
    target_link_options(trba_flags INTERFACE ${sanitize})
endif()
if(TRBA_FUZZ)
    target_compile_options(trba_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The instruction-set tiers of src/kernels/ that this build has, each with its flags.
set(TRBA_SIMD_TIERS "")
set(TRBA_FLAGS_avx2 -mavx2 -mfma -mf16c)
set(TRBA_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)
set(TRBA_FLAGS_avx512vnni ${TRBA_FLAGS_avx512} -mavx512vnni)
set(TRBA_AMX_FLAGS -mavx512bf16 -mamx-tile -mamx-bf16 -mamx-int8 -mprfchw) # GCC 11, Clang 12
set(TRBA_FLAGS_avx512amx ${TRBA_FLAGS_avx512vnni} ${TRBA_AMX_FLAGS})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND NOT TRBA_REF_ONLY)
    set(TRBA_SIMD_TIERS avx2 avx512 avx512vnni)
    list(JOIN TRBA_AMX_FLAGS " " amx_flags)
    check_c_compiler_flag("${amx_flags}" TRBA_HAVE_AMX_FLAGS)
    if(TRBA_HAVE_AMX_FLAGS)
        list(APPEND TRBA_SIMD_TIERS avx512amx)
    endif()
endif()
