# SPDX-License-Identifier: Apache-2.0
# debian_cross.cmake - compile for another processor with Debian's cross compiler, and run what was built in qemu-user.
#
#   usage: set(TRBA_CROSS_PROCESSOR s390x) and include() this: see the files beside it
#
# The libraries are those that scripts/make_sysroot.sh puts into build/sysroots/PROCESSOR; ctest runs the tests through
# CMAKE_CROSSCOMPILING_EMULATOR.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${TRBA_CROSS_PROCESSOR})
set(CMAKE_LIBRARY_ARCHITECTURE ${TRBA_CROSS_PROCESSOR}-linux-gnu)
set(CMAKE_C_COMPILER ${CMAKE_LIBRARY_ARCHITECTURE}-gcc)

get_filename_component(CMAKE_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../../build/sysroots/${TRBA_CROSS_PROCESSOR}" ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# pkg-config is this machine's; what it finds is not.
set(ENV{PKG_CONFIG_DIR} "")
set(ENV{PKG_CONFIG_LIBDIR}
    "${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${CMAKE_SYSROOT}")

set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${TRBA_CROSS_PROCESSOR}-static -L "${CMAKE_SYSROOT}")
