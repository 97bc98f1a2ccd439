#pragma once
#include <cblas.h>

// Exported by every DYNAMIC_ARCH build of OpenBLAS, declared in no header of it: they drop the
// kernel table chosen at load time and choose again, reading OPENBLAS_CORETYPE.
void gotoblas_dynamic_quit(void);
void gotoblas_dynamic_init(void);
char *openblas_get_corename(void);

// LAPACK's symmetric eigenproblem by divide and conquer, which libopenblas carries; its header is in
// another package.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);

// LAPACK's solver of positive definite systems.
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b,
            const int *ldb, int *info);
