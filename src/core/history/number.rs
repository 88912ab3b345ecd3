//! What a request is called in a history and in its mark: the workload's place and the request's place in that workload's schedule,
//! in one number.
//!
//! The number within the schedule has the low 40 bits, the workload's place the bits above them. The first workload has place 0, so the
//! numbers of a drill with one workload are simply 0, 1, 2, … Every number stays below 2⁵³, which JSON readers that know floats only
//! keep exact.

/// Bits for the place in the schedule: a million requests a second for 12 days.
const BITS: u32 = 40;

/// What the request at this place in the schedule of the workload at that place is called.
pub const fn request_id(workload: usize, number: u64) -> u64 {
    ((workload as u64) << BITS) | (number & ((1 << BITS) - 1))
}

/// The place of its workload.
pub const fn workload_of(id: u64) -> usize {
    (id >> BITS) as usize
}

/// Its place in the schedule of its workload.
pub const fn number_of(id: u64) -> u64 {
    id & ((1 << BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::WORKLOADS_MAX;

    #[test]
    fn a_number_tells_workload_and_place_and_stays_exact_in_floats() {
        for (workload, number) in [(0, 0), (0, 17), (1, 0), (WORKLOADS_MAX - 1, (1 << BITS) - 1)] {
            let id = request_id(workload, number);
            assert_eq!((workload_of(id), number_of(id)), (workload, number));
            assert_eq!(id as f64 as u64, id);
            assert!(id < 1 << 53);
        }
        assert_eq!(request_id(0, 5), 5);
    }
}
