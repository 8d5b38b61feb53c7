-- How many customers are in each segment, and how many orders did they place?
select
    segment,
    count(*) as customers,
    sum(orders) as orders
from user_analytics
group by segment
order by customers desc
