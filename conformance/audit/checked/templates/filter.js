(function(){
var box=document.querySelector(".filters"),text=document.getElementById("filter-text"),count=document.getElementById("filter-count");
var rows=[].slice.call(document.querySelectorAll("#list>.row")),checks=[].slice.call(box.querySelectorAll("[name=verdict]"));
if(rows.length<2)return;
function apply(){
var wanted=text.value.toLowerCase(),kept=checks.filter(function(c){return c.checked}).map(function(c){return c.value}),shown=0;
rows.forEach(function(r){var ok=kept.indexOf(r.dataset.verdict)>=0&&(!wanted||r.textContent.toLowerCase().indexOf(wanted)>=0);r.hidden=!ok;shown+=ok});
count.textContent=count.dataset.text.replace("{shown}",shown).replace("{total}",rows.length);
}
text.addEventListener("input",apply);checks.forEach(function(c){c.addEventListener("change",apply)});
box.hidden=false;apply();
})();
