//! The processor's vector registers after foreign kernels.

/// Clears the upper halves of the vector registers. tract's AVX kernels leave them dirty; what the compiler makes for
/// any x86-64 then waits for them at every operation on floats, and a policy's head takes several times as long.
#[cfg(target_arch = "x86_64")]
pub(super) fn clear() {
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the processor has the instruction. It touches nothing but upper halves, and no value of code that is
        // compiled without AVX lives there; code with AVX keeps none there across a call.
        unsafe { std::arch::x86_64::_mm256_zeroupper() }
    }
}

/// Other processors have no such halves.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn clear() {}
