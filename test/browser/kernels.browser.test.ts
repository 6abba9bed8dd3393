/// <reference types="vite/client" />
import type { OperationCases } from "../../kernels/case.ts";
import { checkOperations } from "../kernels/operations/check_operations.ts";

const files = import.meta.glob<{ readonly cases: OperationCases }>("../../kernels/*/cases.ts", { eager: true });

checkOperations(Object.values(files).map(({ cases }) => cases));
