/* SPDX-License-Identifier: Apache-2.0 */
/* blas.c - OpenBLAS, loaded when it is asked for.
 *
 *   TRBA_OPENBLAS_SONAME       dlopen() of the library of that name. OpenBLAS starts threads of its own when it is
 *                              loaded, and brings Fortran's runtime: a program whose tier has kernels of ours shall not
 *                              wait for that
 *   not defined                it is linked (TRBA_LINK_OPENBLAS), for what must carry its libraries along
 *
 * Nothing is remembered here: each model's table of kernels has what was found. Asked again, dlopen() only counts.
 */
#include "layers/blas.h"

#include <cblas.h>

/* Their types are those of the header. */
struct openblas {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(openblas_set_num_threads) *set_num_threads;
    __typeof__(openblas_get_config) *get_config;
};

#ifdef TRBA_OPENBLAS_SONAME
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/signals.h"

static trba_status refuse(const char *why, trba_error *err)
{
    return error_set(err, TRBA_ERROR_UNSUPPORTED, "the tier blas needs OpenBLAS, which cannot be loaded (%s): install "
                     "it (Debian: libopenblas0), or use the tier ref", why);
}

/* ISO C does not let a pointer to data become one to a function by a cast. */
static bool find_function(void *handle, const char *name, void *function)
{
    void *const found = dlsym(handle, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

struct loading {
    const char *library;
    void *handle;
    int error; /* errno afterwards */
};

static void load(void *arg)
{
    struct loading *loading = arg;
    errno = 0;
    loading->handle = dlopen(loading->library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    loading->error = errno;
}

/* Of the loader's reasons one has a status of its own. It is not in its answer, but malloc() and mmap() leave it in
 * errno. (What OpenBLAS and Fortran's runtime do when memory runs out while they start is theirs: they end the
 * process.) */
static trba_status find_openblas(const char *library, struct openblas *out, trba_error *err)
{
    struct loading loading = {.library = library != NULL ? library : TRBA_OPENBLAS_SONAME};
    signals_call_blocked(load, &loading); /* it starts threads of its own */
    void *const handle = loading.handle;
    if (handle == NULL && loading.error == ENOMEM)
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory to load OpenBLAS");
    if (handle == NULL) return refuse(dlerror(), err);
    if (!find_function(handle, "cblas_sgemm", &out->sgemm) ||
        !find_function(handle, "openblas_set_num_threads", &out->set_num_threads) ||
        !find_function(handle, "openblas_get_config", &out->get_config))
        return refuse(dlerror(), err);
    return TRBA_OK;
}

#else

static trba_status find_openblas(const char *library, struct openblas *out, trba_error *err)
{
    (void)library, (void)err;
    *out = (struct openblas){cblas_sgemm, openblas_set_num_threads, openblas_get_config};
    return TRBA_OK;
}

#endif

trba_status blas_load(const char *library, struct kernels *kernels, trba_error *err)
{
    struct openblas openblas = {.sgemm = NULL};
    const trba_status status = find_openblas(library, &openblas, err);
    if (status != TRBA_OK) return status;
    openblas.set_num_threads(1);
    kernels->blas_sgemm = (void (*)(void))openblas.sgemm;
    return TRBA_OK;
}

void blas_multiply(const struct kernels *kernels, int n_rows, int n_columns, int depth, const float *a, const float *b,
                   int b_stride, float *c)
{
    __typeof__(cblas_sgemm) *const sgemm = (__typeof__(cblas_sgemm) *)kernels->blas_sgemm;
    sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_rows, n_columns, depth, 1.0f, a, depth, b, b_stride, 0.0f, c,
          n_columns);
}

const char *blas_describe(void)
{
    struct openblas openblas = {.sgemm = NULL};
    return find_openblas(NULL, &openblas, NULL) == TRBA_OK ? openblas.get_config() : "no OpenBLAS";
}
