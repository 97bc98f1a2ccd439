/// How faithful a cache is, by way of reading and temperature.
package struct FidelityReport: Codable, Sendable {
  /// One way of reading at one temperature, over the audited rows.
  package struct Entry: Codable, Sendable {
    /// What is read, for example `head 16, rank 64`.
    package var variant: String
    /// T.
    package var temperature: Double
    /// The teacher's mass on the head, mean.
    package var retainedMass: Double?
    /// |tail mass read - true tail mass|, mean.
    package var tailMassError: Double?
    /// The same, largest.
    package var worstTailMassError: Double?
    /// KL from the teacher's distribution to the one that is read, mean, nats; nil where what is read
    /// is no distribution over the vocabulary.
    package var divergence: Double?
    /// Angle between the student's gradients under what is read and under full distillation, over all
    /// rows as one vector, degrees.
    package var gradientAngle: Double
    /// Standard error of that angle, degrees: how far other rows of the same kind would move it.
    package var gradientAngleError: Double
    /// The mean of the rows' own angles, degrees.
    package var meanRowAngle: Double
    /// Norm of the gradients over that under full distillation.
    package var gradientNormRatio: Double
    /// |probability read - true probability| of the teacher's likeliest token, mean.
    package var calibrationShift: Double?
    /// Stored bytes a position by stream, of what is read.
    package var bytes: [String: Double]
    /// Their sum.
    package var totalBytes: Double
  }

  /// The cache's fingerprint.
  package var cache: String
  /// Whose gradients are compared: a student, or the teacher's mean distribution as one.
  package var student: String
  /// Audited rows.
  package var rows: Int
  /// All measurements.
  package var entries: [Entry]
}
