import DefaultTheme from "vitepress/theme";
import "./beside.css";

export default DefaultTheme;
