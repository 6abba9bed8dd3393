import { host, type HostTensor } from "../case.ts";

export interface ReferenceOptions {
  readonly temperature: number;
  readonly squared: boolean;
  readonly direction: "teacher_to_student" | "student_to_teacher";
  readonly reduction: "frames" | "batch" | "sum";
}

/** Σ over real frames of KL(p ‖ q) = Σ_k p_k (log p_k - log q_k), times T² or not, divided as the reduction says. */
export function klReference(
  student: HostTensor,
  teacher: HostTensor,
  lengths: HostTensor,
  options: ReferenceOptions,
): HostTensor {
  const total = framesOf(student, teacher, lengths, options).reduce((sum, { divergence }) => sum + divergence, 0);
  return host([], () => total * scaleOf(student, lengths, options));
}

/** With p = softmax(a / T), q = softmax(b / T):  da = p (log p - log q - KL) / T,  db = (q - p) / T. */
export function klGradients(
  student: HostTensor,
  teacher: HostTensor,
  lengths: HostTensor,
  options: ReferenceOptions,
  dy: HostTensor,
) {
  const gradients = { student: host(student.shape, () => 0), teacher: host(teacher.shape, () => 0) };
  const teacherFirst = options.direction === "teacher_to_student";
  const [dp, dq] = teacherFirst ? [gradients.teacher, gradients.student] : [gradients.student, gradients.teacher];
  const dloss = ((dy.data[0] as number) * scaleOf(student, lengths, options)) / options.temperature;
  for (const { logP, logQ, divergence, start } of framesOf(student, teacher, lengths, options)) {
    logP.forEach((log, k) => {
      const p = Math.exp(log);
      dp.data[start + k] = dloss * p * (log - logQ[k]! - divergence);
      dq.data[start + k] = dloss * (Math.exp(logQ[k]!) - p);
    });
  }
  return gradients;
}

function scaleOf(
  student: HostTensor,
  lengths: HostTensor,
  { temperature, squared, reduction }: ReferenceOptions,
): number {
  const frames = lengths.data.reduce((sum, length) => sum + length, 0);
  const divisor = { frames: frames || 1, batch: student.shape[0] as number, sum: 1 }[reduction];
  return (squared ? temperature ** 2 : 1) / divisor;
}

function framesOf(
  student: HostTensor,
  teacher: HostTensor,
  lengths: HostTensor,
  { temperature, direction }: ReferenceOptions,
) {
  const [batch = 0, frames = 0, classes = 0] = student.shape;
  const [a, b] = direction === "teacher_to_student" ? [teacher, student] : [student, teacher];
  return Array.from({ length: batch * frames }, (_, row) => row)
    .filter((row) => row % frames < lengths.data[Math.floor(row / frames)]!)
    .map((row) => {
      const start = row * classes;
      const [logP, logQ] = [a, b].map((x) =>
        logSoftmax([...x.data.subarray(start, start + classes)].map((value) => value / temperature)),
      );
      const divergence = logP!.reduce((sum, log, k) => sum + Math.exp(log) * (log - logQ![k]!), 0);
      return { logP: logP!, logQ: logQ!, divergence, start };
    });
}

function logSoftmax(x: readonly number[]): number[] {
  const rowMax = Math.max(...x);
  const lse = rowMax + Math.log(x.reduce((sum, value) => sum + Math.exp(value - rowMax), 0));
  return x.map((value) => value - lse);
}
