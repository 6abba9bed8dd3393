import { checkOperations } from "./check_operations.ts";
import { casesOf, others } from "./groups.ts";

checkOperations(await casesOf(others()));
