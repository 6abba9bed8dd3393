/** Text beside a point, legible over lines. */
export const labelStyle = { dy: -11, fill: "currentColor", stroke: "var(--card)", strokeWidth: 4 } as const;
